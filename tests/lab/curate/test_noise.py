"""The noise classifier: honest about itself, and careful with a product's last picture."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.noise import balanced_sample, cards, probabilities, read_labels, run_noise


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
