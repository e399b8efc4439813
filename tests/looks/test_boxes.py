"""Boxes drawn by hand are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.looks.boxes import kinds_in_box
from streetshop.looks.parse import Parsed, parse
from streetshop.looks.reader import OnnxReader, WholePhotoReader
from streetshop.looks.rules import Rules
from streetshop.models.reader import Reading
from tests.models.tiny_reader import PARTS, person, tiny_reader

CLASSES = ("background", "skin", "top", "trousers")
RULES = Rules(CLASSES, CLASSES[2:])
NOTHING = Parsed((), ())


def reading(*rows: tuple[float, ...]) -> Reading:
    """A photo of 40 x 40 pixels, a raster of 20 x 20; each row holds for an equal part of its height."""
    planes = np.zeros((len(CLASSES), 20, 20), np.float32)
    step = 20 // len(rows)
    for number, row in enumerate(rows):
        planes[:, number * step : (number + 1) * step] = np.asarray(row, np.float32)[:, None, None]
    return Reading(planes, None, 40, 40)


def test_a_box_around_a_garment_has_its_kinds() -> None:
    seen = reading((1, 0, 0, 0), (0, 0.1, 0.6, 0.3))
    parsed = parse(seen, RULES)
    (garment,) = parsed.garments
    assert kinds_in_box(garment.box, seen, parsed, RULES) == garment.kinds
    assert kinds_in_box(Box(0, 22, 40, 40), seen, parsed, RULES) == garment.kinds


def test_another_box_has_the_shares_of_its_pixels() -> None:
    seen = reading((0, 0, 1, 0), (0, 0, 0, 1))
    assert kinds_in_box(Box(0, 10, 40, 30), seen, NOTHING, RULES) == pytest.approx({"top": 0.5, "trousers": 0.5})
    assert kinds_in_box(Box(0, 0, 40, 10), seen, NOTHING, RULES) == pytest.approx({"top": 1.0, "trousers": 0.0})
    assert sum(kinds_in_box(Box(0, 15, 40, 30), seen, parse(seen, RULES), RULES).values()) == pytest.approx(1)


@pytest.mark.parametrize(("garment", "named"), [(0.19, False), (0.21, True)])
def test_a_box_of_hardly_any_garment_has_no_kinds(garment: float, named: bool) -> None:
    seen = reading((1 - garment, 0, garment, 0))
    assert bool(kinds_in_box(Box(5, 5, 15, 15), seen, NOTHING, RULES)) is named


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(39, 39, 40, 40), Box(0, 39.5, 40, 40)])
def test_the_smallest_box_has_pixels(box: Box) -> None:
    assert kinds_in_box(box, reading((0, 0, 1, 0)), NOTHING, RULES)["top"] == pytest.approx(1)


def test_readers_name_boxes(tmp_path: Path) -> None:
    photo = Photo.from_array(np.asarray(person()))
    boxes = [Box(*PARTS["top"]), Box(*PARTS["trousers"]), Box(0, 0, 100, 100)]
    top, trousers, ground = OnnxReader(tiny_reader(tmp_path), threads=1).kinds_in(photo, boxes)
    assert max(top, key=lambda kind: top[kind]) == "top"
    assert max(trousers, key=lambda kind: trousers[kind]) == "trousers"
    assert ground == {}
    assert WholePhotoReader().kinds_in(photo, boxes) == ({}, {}, {})
