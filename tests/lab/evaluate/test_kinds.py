"""Searches whose kinds are judged, in a shop and a photo that are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.lab.evaluate.kinds import Sought, calibration_error, covered_by, sections, seek_in
from streetshop.search import Searcher
from tests.catalog.filled import filled_catalog, square
from tests.looks.fixed import FixedReader

pytestmark = pytest.mark.lab


def garment(category: str, corners: tuple[float, float, float, float], **kinds: float) -> Garment:
    box = Box(*corners)
    return Garment(category, 0.9, box, box.center, kinds=kinds)


def test_a_garment_is_found_when_half_of_it_is_covered_and_most_counts() -> None:
    true = [garment("top", (0, 0, 40, 40)), garment("bag", (60, 0, 80, 40)), garment("hat", (90, 90, 100, 100))]
    found = [
        garment("outerwear", (0, 0, 30, 40)),
        garment("dress", (0, 0, 40, 36)),
        garment("skirt", (71, 0, 80, 40)),
        garment("top", (55, 0, 71, 40)),
    ]
    assert covered_by(true, found, 100, 100) == [1, 3, None]
    assert covered_by(true, [], 100, 100) == [None] * 3
    assert covered_by([], found, 100, 100) == []


def test_masks_are_compared_not_boxes() -> None:
    left = replace(garment("top", (0, 0, 40, 40)), mask=np.asarray([[True, False]]))
    right = replace(garment("top", (0, 0, 40, 40)), mask=np.asarray([[False, True]]))
    assert covered_by([left], [right, left], 40, 40) == [1]
    assert covered_by([left], [right], 40, 40) == [None]


def test_first_products_are_judged_by_their_true_kind(tmp_path: Path) -> None:
    store, encoder = filled_catalog(tmp_path)
    names = {"dress": "dress", "shirt": "top", "skirt": "skirt"}
    entries = list(store.entries(list(store.ids())).values())
    store.upsert([replace(e, product=replace(e.product, kind=names[e.product.category])) for e in entries])
    truth = {e.product.id: names[e.product.category] for e in entries}
    scene = np.full((128, 128, 3), 128, np.uint8)
    scene[:64, :64] = square("red", "plain")
    scene[64:, 64:] = square("blue", "stripes")
    plain, striped = (0, 0, 64, 64), (64, 64, 128, 128)
    kind, other = truth["red-plain"], truth["blue-stripes"]
    wrong = next(name for name in names.values() if name not in (kind, other))
    look = Look(
        128,
        128,
        (garment(kind, plain, **{kind: 0.9}), garment(wrong, striped, **{wrong: 0.8, other: 0.1})),
        reader="fixed 1",
    )
    true = [
        garment(kind, plain),
        garment(other, striped),
        garment("hat", (70, 70, 80, 80)),
        garment("bag", (0, 100, 9, 128)),
    ]
    sought = seek_in(Searcher(store, encoder, FixedReader(look)), Photo.from_array(scene), "p", true, truth)
    store.close()
    red, blue, hat, bag = sought
    assert (red.named, red.sold, red.first, red.honest) == (kind, True, {"any": 1.0, "auto": 1.0}, True)
    assert red.ten["auto"] == 1 > red.ten["any"]
    assert (blue.named, blue.first["any"], blue.first["auto"], blue.ten["auto"]) == (wrong, 1.0, 0.0, 0.0)
    assert not blue.honest, "dresses are shown although none was asked for"
    assert (hat.named, hat.sold, dict(hat.first), hat.main) == (wrong, False, {}, False)
    assert (bag.named, bag.honest) == ("", None)
    assert [one.main for one in sought] == [True, True, False, False]


def sought(kind: str, named: str, p: float = 0.5, photo: str = "a", first: float = 1.0) -> Sought:
    both = {"any": 0.0, "auto": first}
    return Sought(photo, kind, named, p, True, both, both, True, True)


def test_the_tables_hold_the_shares() -> None:
    rows = [sought("top", "top"), sought("top", "dress", photo="b", first=0.0), Sought("b", "hat")]
    whole, by_kind = sections(rows)
    values = {name: cells[0].value for name, cells in whole.rows.items() if cells[0] is not None}
    assert values["true garments found"] == pytest.approx(2 / 3)
    assert values["found garments named right"] == 0.5
    assert values["first product of the right kind, kinds=auto"] == 0.5
    assert values["first product of the right kind, kinds=any"] == 0.0
    assert values["a shop without the kind says so"] == 1.0
    assert list(by_kind.rows) == ["top", "hat"]
    assert [cell and cell.value for cell in by_kind.rows["hat"]] == [1, 0, None, None, None, None]
    assert "| top |" in by_kind.markdown()


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    sure = [sought("top", "top", 0.9)] * 9 + [sought("top", "hat", 0.9)]
    assert calibration_error(sure, bins=1) == pytest.approx(0)
    unsure = [sought("top", "top", 0.5)] * 10
    assert calibration_error(sure + unsure, bins=2) == pytest.approx(0.25)
    assert calibration_error([*unsure, replace(sure[9], main=False)], bins=1) == pytest.approx(0.5)
    assert calibration_error([]) == 0
