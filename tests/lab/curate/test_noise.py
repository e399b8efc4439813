"""The noise classifier: honest about itself, and careful with a product's last picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.features import run_features
from streetshop.lab.curate.noise import balanced_sample, cards, probabilities, read_labels, run_noise
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import CATEGORIES, garment


def test_the_sample_is_as_even_as_the_clusters_allow() -> None:
    labels = np.array([0] * 500 + [1] * 40 + [2] * 3 + [-1] * 20)
    chosen = balanced_sample(labels, np.arange(len(labels)), 60)
    counts = {int(k): int((labels[chosen] == k).sum()) for k in np.unique(labels)}
    assert counts == {-1: 19, 0: 19, 1: 19, 2: 3}
    assert len(set(chosen.tolist())) == 60


def is_table(curation: Curation) -> np.ndarray:
    return np.array(["table" in image for image in curation.manifest.column("image")])


def label(curation: Curation, rows: np.ndarray) -> None:
    labels, tables = read_labels(curation), is_table(curation)
    for row in rows.tolist():
        labels.verdicts[str(row)] = "noise" if tables[row] else "clean"
    labels.write()


def test_size_tables_go_and_garments_stay(curation: Curation) -> None:
    tables = is_table(curation)
    label(curation, np.concatenate([np.flatnonzero(tables)[:11], np.flatnonzero(~tables)[::4]]))
    summary = run_noise(curation)
    assert set(curation.drops("noise")) == set(np.flatnonzero(tables).tolist())
    recall = summary["cross_validation"]["recall"]
    # Perfect on a few labels is not certain.
    assert recall["value"] == recall["high"] == 1
    assert 0.5 < recall["low"] < 0.95
    assert summary["last_picture_rows"] == []
    scores = probabilities(curation)
    assert scores[tables].min() > scores[~tables].max()


def test_a_products_last_picture_stays_and_is_listed(curation: Curation) -> None:
    tables = is_table(curation)
    product = curation.manifest.column("product_id")[np.flatnonzero(tables)[-1]]
    mine = np.flatnonzero((curation.manifest.column("product_id") == product) & ~tables)
    curation.finish("features", curation.summary("features"), dict.fromkeys(mine.tolist(), "gone"))
    others = np.setdiff1d(np.flatnonzero(~tables)[::4], mine)
    label(curation, np.concatenate([np.flatnonzero(tables)[:11], others]))
    spared = run_noise(curation)["last_picture_rows"]
    assert len(spared) == 1
    assert tables[spared[0]]
    assert curation.manifest.row(spared[0]).product_id == product
    assert spared[0] not in curation.drops("noise")
    assert run_noise(curation, drop_last=True)["last_pictures"] == "dropped"
    assert spared[0] in curation.drops("noise")


def test_labels_hold_whatever_the_classifier_thinks(curation: Curation) -> None:
    tables = np.flatnonzero(is_table(curation))
    label(curation, np.concatenate([tables[:13], np.flatnonzero(~is_table(curation))[::3]]))
    labels = read_labels(curation)
    labels.decide(str(tables[0]), "clean")
    run_noise(curation)
    assert int(tables[0]) not in curation.drops("noise")


def shots(root: Path, *, known: bool) -> Manifest:
    """Thirty garments with three rows each: shots of a product, or one picture thrice under no product."""
    rows = []
    for place in range(30):
        category, number = CATEGORIES[place % 4], place // 4
        for shot in range(3):
            image = f"{category}-{number}-{shot if known else 0}.png"
            garment(category, number, shot if known else 0).save(root / image)
            rows.append(Sample(image, "shop", f"{category}-{number}" if known else "", category))
    return Manifest.from_rows(rows, root)


@pytest.mark.parametrize("known", [True, False], ids=["a product's shots", "copies without a product"])
def test_pictures_of_one_thing_are_never_on_both_sides_of_a_fold(known: bool, tmp_path: Path) -> None:
    """Labels by the throw of a coin for each garment cannot be learned; who sees one of its shots knows the others'."""
    curation = Curation.create(tmp_path / "out", shots(tmp_path, known=known))
    run_features(curation, SMALL)
    labels, coins = read_labels(curation), np.random.default_rng(0).permutation(30) < 15
    for row in range(90):
        labels.verdicts[str(row)] = "noise" if coins[row // 3] else "clean"
    labels.write()
    judged = run_noise(curation, threshold=0.99)["cross_validation"]
    assert judged["brier"] > 0.2, "a coin's is 0.25"
    assert not judged["reached"] or judged["recall"]["value"] < 0.3
    assert judged["precision"]["high"] - judged["precision"]["low"] > 0.25, "thirty garments, not ninety pictures"


@pytest.mark.parametrize(
    ("noisy", "clean", "what"),
    [
        (3, 40, "3 pictures are labelled noise"),
        (16, 4, "4 pictures are labelled clean"),
        (16, 0, "everything is noise"),
    ],
)
def test_too_few_labels(curation: Curation, noisy: int, clean: int, what: str) -> None:
    tables = is_table(curation)
    label(curation, np.concatenate([np.flatnonzero(tables)[:noisy], np.flatnonzero(~tables)[:clean]]))
    with pytest.raises(CurateError, match=what):
        run_noise(curation)


def test_everything_noise_is_an_error_that_drops_nothing(curation: Curation) -> None:
    tables = is_table(curation)
    label(curation, np.concatenate([np.flatnonzero(tables)[:11], np.flatnonzero(~tables)[::4]]))
    labels = read_labels(curation)
    for row in range(len(tables)):
        labels.verdicts.setdefault(str(row), "noise")
    for row in np.flatnonzero(~tables)[::4].tolist():
        del labels.verdicts[str(row)]
    keep = np.flatnonzero(~tables)[:40:4].tolist()
    labels.verdicts.update({str(row): "clean" for row in keep})
    labels.write()
    curation.finish("features", curation.summary("features"), dict.fromkeys(keep, "gone"))
    with pytest.raises(CurateError, match=r"pictures are noise at the threshold"):
        run_noise(curation, threshold=0.0)
    assert not curation.done("noise")
    assert not curation.drops("noise")


def test_cards_are_what_is_to_be_labelled(curation: Curation) -> None:
    found = cards(curation, 12)
    assert len({card.id for card in found}) == 12
    assert all(card.rows == (int(card.id),) for card in found)
    label(curation, np.array([5, 6]))
    assert [card.id for card in cards(curation, 12)][:2] == ["5", "6"]
