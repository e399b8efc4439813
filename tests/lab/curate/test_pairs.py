"""Pairs from reviews and posts, splits that do not leak, and the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.pairs import Pair, cards, propose, rank_of, read_pairs, run_pairs, wilson, with_pairs
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample


def test_rank_is_the_share_of_products_whose_best_picture_is_less_like() -> None:
    cosines = np.array([0.1, 0.9, 0.3, 0.2], np.float32)
    products = np.array(["a", "a", "b", "c"], dtype=object)
    assert rank_of(0.5, cosines, products) == pytest.approx(2 / 3)
    assert rank_of(0.95, cosines, products) == 1
    assert rank_of(0.5, cosines[:0], products[:0]) == 1


def test_wilson_against_the_textbook() -> None:
    assert wilson(5, 50) == pytest.approx((0.0434, 0.2136), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == pytest.approx(0, abs=1e-9)


def test_ranks_of_wrong_claims_are_spread_evenly(tmp_path: Path) -> None:
    """So that low ranks bound the share of wrong claims, whatever the features are."""
    rng = np.random.default_rng(0)
    rows = [Sample(f"{i}.png", "shop", f"p{i}", "hat") for i in range(200)]
    rows += [Sample(f"s{i}.png", "street", attributes={"claims": [f"p{rng.integers(200)}"]}) for i in range(300)]
    unit = rng.standard_normal((500, 16)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    pairs = propose(Manifest.from_rows(rows, tmp_path), unit, np.arange(500))
    assert np.quantile([pair.rank for pair in pairs], [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)


def test_right_claims_are_accepted_and_wrong_ones_drop_their_picture(claiming: Curation, shop: Manifest) -> None:
    summary = run_pairs(claiming, rank=0.9)
    wrong = {len(shop) + 3 * i + 2 for i in range(4)}
    accepted = {pair.row for pair, yes in read_pairs(claiming) if yes}
    assert summary["proposed"] == 12
    assert not accepted & wrong
    assert len(accepted) >= 6
    assert wrong <= set(claiming.drops("pairs"))
    named = with_pairs(claiming)
    for row in accepted:
        image = named.row(row).image
        assert named.row(row).product_id == Path(image).stem
        assert named.row(row).category == Path(image).stem[:-2]


def test_people_overrule_and_their_sample_says_the_label_noise(claiming: Curation, shop: Manifest) -> None:
    run_pairs(claiming, rank=0.8)
    deck = cards(claiming, 5)
    pairs = {pair.id: pair for pair, _ in read_pairs(claiming)}
    assert all(pairs[card.id].agrees(0.8) for card in deck[:5])
    assert not pairs[deck[-1].id].agrees(0.8)
    assert deck[0].rows[0] == pairs[deck[0].id].row
    assert shop.row(deck[0].rows[1]).product_id == pairs[deck[0].id].product
    verdicts = {deck[0].id: "wrong", deck[1].id: "right", deck[2].id: "right", deck[-1].id: "right"}
    path = claiming.folder / "decisions" / "pairs.csv"
    Decisions(path, "pairs", claiming.fingerprint, verdicts).write()
    summary = run_pairs(claiming, rank=0.8)
    accepted = {pair.id for pair, yes in read_pairs(claiming) if yes}
    assert deck[0].id not in accepted
    assert deck[-1].id in accepted
    assert (summary["checked"], summary["checked_wrong"]) == (3, 1)
    assert summary["label_noise"] == pytest.approx(1 / 3, abs=1e-4)
    Decisions(path, "pairs", "another", verdicts).write()
    with pytest.raises(CurateError, match="about pairs of another"):
        run_pairs(claiming)


def test_agreement_needs_category_and_rank() -> None:
    assert Pair(1, "p", "claim", 0.5, 0.95, 0.6).agrees(0.9)
    assert not Pair(1, "p", "claim", 0.5, 0.85, 0.6).agrees(0.9)
    assert not Pair(1, "p", "claim", 0.5, 0.95, 0.0).agrees(0.9)
