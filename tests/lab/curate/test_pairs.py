"""Pairs from reviews and posts, splits that do not leak, and the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.claims import read_posts, read_reviews, with_claims
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.duplicates import run_duplicates
from streetshop.lab.curate.features import run_features
from streetshop.lab.curate.pairs import Pair, _rank, cards, claimed, propose, read_pairs, run_pairs, wilson, with_pairs
from streetshop.lab.curate.report import reason_counts, write_report
from streetshop.lab.curate.splitting import leak_report, run_split
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import CATEGORIES, garment, pile


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The pile with a folder of street pictures: product number n of each category, at another place."""
    root = tmp_path_factory.mktemp("shop")
    manifest = pile(root, products=8, shots=1, tables=0)
    (root / "street").mkdir()
    for category in CATEGORIES:
        for number in range(3):
            garment(category, number, 2).save(root / "street" / f"{category}-{number}.png")
    return manifest


def test_reviews_become_street_rows_that_claim(shop: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        "review,product,picture,sender\n"
        "1,hat-0,street/hat-0.png,ann\n2,hat-1,street/hat-0.png,ann\n3,shirt-0,street/shirt-0.png,\n"
        "4,nothing,street/hat-1.png,\n5,hat-1,street/none.png,\n6,hat-1,../secret.png,\n7,hat-1\n"
    )
    found = read_reviews(path, shop)
    assert [(row.image, row.group, row.attributes["claims"], row.product_id) for row in found.rows] == [
        ("street/hat-0.png", "ann", ["hat-0", "hat-1"], ""),
        ("street/shirt-0.png", "review 3", ["shirt-0"], ""),
    ]
    assert [line.split(":")[0] for line in found.refused] == [f"reviews.csv line {n}" for n in (5, 6, 7, 8)]
    assert "no product 'nothing'" in found.refused[0]
    assert "does not lie below" in found.refused[2]


def test_tags_name_products_and_a_post_shares_its_claims(shop: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "post,picture,tags\n9,street/hat-0.png,#Hat-0 #love\n9,street/shirt-0.png,\n8,street/hat-1.png,sun;hat-1\n"
        "8,street/hat-1.png,again\n"
    )
    found = read_posts(path, shop)
    assert [row.attributes["claims"] for row in found.rows] == [["hat-0"], [], ["hat-1"]]
    assert found.refused == ("posts.csv line 5: listed before",)
    both = with_claims(shop, [found])
    rows = range(len(shop), len(both))
    assert claimed(both, rows) == [
        (rows[0], "hat-0", "claim"), (rows[2], "hat-1", "claim"), (rows[1], "hat-0", "same post"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [b"review,picture\n1,a.png\n", b"\xff\xfe", None])
def test_a_file_that_is_none_is_an_error(shop: Manifest, tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "r.csv").write_bytes(text)
    with pytest.raises(CurateError, match=r"r\.csv"):
        read_reviews(tmp_path / "r.csv", shop)


def test_rank_is_the_share_of_products_whose_best_picture_is_less_like() -> None:
    cosines = np.array([0.1, 0.9, 0.3, 0.2], np.float32)
    products = np.array(["a", "a", "b", "c"], dtype=object)
    assert _rank(0.5, cosines, products) == pytest.approx(2 / 3)
    assert _rank(0.95, cosines, products) == 1
    assert _rank(0.5, cosines[:0], products[:0]) == 1


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


@pytest.fixture
def claiming(shop: Manifest, tmp_path: Path) -> Curation:
    """Twelve claims, of which the last of each category names the wrong product, and the last hat a shirt."""
    lines = ["review,product,picture"]
    for category in CATEGORIES:
        for number in range(3):
            product = f"{category}-{number}" if number < 2 else f"{category}-7"
            lines.append(f"{category}{number},{product},street/{category}-{number}.png")
    lines[-1] = "hat2,shirt-5,street/hat-2.png"
    (tmp_path / "reviews.csv").write_text("\n".join(lines))
    claims = read_reviews(tmp_path / "reviews.csv", shop)
    curation = Curation.create(tmp_path / "out", with_claims(shop, [claims]))
    run_features(curation, SMALL, cache=shop.root / "cache")
    return curation


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


def test_nothing_leaks_and_the_curated_manifest_says_so(claiming: Curation) -> None:
    run_duplicates(claiming)
    run_pairs(claiming, rank=0.8)
    summary = run_split(claiming, {"train": 0.6, "val": 0.2, "test": 0.2}, seed=3)
    assert set(summary["leaks"].values()) == {0}
    curated = Manifest.read(claiming.folder / "curated.parquet")
    assert curated.fingerprint == summary["fingerprint"]
    assert len(curated) == claiming.remaining().sum()
    assert set(curated.column("split")) == {"train", "val", "test"}
    street = curated.where(lambda row: row.domain == "street")
    assert len(street)
    assert all(row.product_id for row in street)


def test_duplicates_of_different_products_are_tied_together(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    rows = []
    for number in range(40):
        # 32 to 39 show what 0 to 7 show, as other products of other senders.
        shown = number % 32
        garment(CATEGORIES[shown % 4], shown // 4, 0).save(root / f"{number}.png")
        rows.append(Sample(f"{number}.png", "shop", f"p{number}", CATEGORIES[shown % 4], group=f"sender {number // 2}"))
    curation = Curation.create(tmp_path / "out", Manifest.from_rows(rows, root))
    run_features(curation, SMALL)
    run_duplicates(curation)
    run_split(curation, seed=1)
    curated = Manifest.read(curation.folder / "curated.parquet")
    split_of = dict(zip(curated.column("image").tolist(), curated.column("split").tolist(), strict=True))
    # The same drawing under two products, and neighbours by sender.
    conflicts = curation.summary("duplicates")["conflicting_products"]
    assert all(any({f"p{n}", f"p{n + 32}"} <= set(products) for products in conflicts) for n in range(8))
    for number in range(8):
        assert split_of[f"{number}.png"] == split_of[f"{number + 32}.png"]
    for number in range(0, 40, 2):
        assert split_of[f"{number}.png"] == split_of[f"{number + 1}.png"]


def test_the_leak_report_sees_every_sort_of_leak(tmp_path: Path) -> None:
    rows = [
        Sample("a.png", "shop", "p1", split="train", group="g1"),
        Sample("a.png", "shop", "p1", split="test", group="g1"),
        Sample("b.png", "shop", "p2", split="train", group="g2"),
        Sample("c.png", "shop", "p3", split="val", group="g3"),
    ]
    report = leak_report(Manifest.from_rows(rows, tmp_path), np.array([-1, -1, 4, 4]), np.array([0, 0, 1, 2]))
    assert report == {
        "product": ["p1"], "sender": ["g1"], "picture": ["a.png"], "content": ["0"], "near duplicates": ["4"],
    }  # fmt: skip


def test_a_report_of_every_step(claiming: Curation) -> None:
    from streetshop.lab.curate.clusters import run_clusters

    run_clusters(claiming, algorithm="kmeans")
    run_duplicates(claiming)
    run_pairs(claiming, rank=0.8)
    run_split(claiming)
    report, card = write_report(claiming)
    page = report.read_text()
    for step in ("Features", "Clusters", "Noise", "Duplicates", "Pairs", "Split"):
        assert f"<h2>{step}</h2>" in page
    assert "<script" not in page
    assert "claim not accepted" in page
    text = card.read_text()
    left = int(claiming.remaining().sum())
    assert f"| rows left | {left} " in text
    assert "licence | drawn" in text
    assert "Leaks between splits: 0" in text


def test_reasons_are_counted_by_sort() -> None:
    reasons = [
        "near copy of row 4 (cosine 0.9)",
        "near copy of row 5 (cosine 0.8)",
        "cluster c-004",
        "claims p1, which",
    ]
    assert reason_counts(reasons) == {"near copy": 2, "cluster c-004": 1, "claim not accepted": 1}


def test_steps_out_of_order_say_what_to_run(shop: Manifest, tmp_path: Path) -> None:
    curation = Curation.create(tmp_path / "out", shop)
    for step in (run_duplicates, run_pairs, run_split, write_report):
        with pytest.raises(CurateError, match="the step features has not been run"):
            step(curation)  # type: ignore[operator]
