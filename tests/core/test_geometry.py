"""Boxes, masks, keypoints: against naive versions and by property."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import GeometryError
from streetshop.core.geometry import COCO_KEYPOINTS, Box, Keypoint, box_of_mask, mask_iou, paint_mask, point_inside

whole = st.integers(0, 30)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w + 1, y + h + 1), whole, whole, whole, whole)


def raster(box: Box, size: int = 64) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[box.slices()] = True
    return mask


@given(boxes, boxes)
def test_iou_is_that_of_the_pixels(a: Box, b: Box) -> None:
    assert a.iou(b) == pytest.approx(mask_iou(raster(a), raster(b)))
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert a.iou(a) == 1


@given(boxes)
def test_box_of_mask_undoes_painting(box: Box) -> None:
    mask = raster(box)
    assert box_of_mask(mask) == box
    small = mask[box.slices()]
    assert (paint_mask(small, box, 64, 64) == mask).all()
    assert (paint_mask(np.ones((1, 1), bool), box, 64, 64) == mask).all()


@given(boxes, st.floats(0.25, 4), st.floats(0.25, 4))
def test_scale_and_back(box: Box, sx: float, sy: float) -> None:
    assert box.scale(sx, sy).scale(1 / sx, 1 / sy).corners == pytest.approx(box.corners)
    assert box.scale(sx, sy).area == pytest.approx(box.area * sx * sy)


@given(st.integers(0, 2**32 - 1))
def test_point_inside_is_inside(seed: int) -> None:
    mask = np.random.default_rng(seed).random((12, 17)) > 0.7
    mask[3, 4] = True
    x, y = point_inside(mask)
    assert mask[math.floor(y), math.floor(x)]


def test_point_inside_avoids_the_gap_between_legs() -> None:
    mask = np.ones((40, 30), bool)
    mask[8:, 12:18] = False
    x, y = point_inside(mask)
    assert mask[int(y), int(x)]
    assert point_inside(np.ones((5, 5), bool)) == (2.5, 2.5)


@pytest.mark.parametrize(
    "corners", [(0, 0, 0, 1), (2, 0, 1, 1), (0, 5, 1, 5), (0, 0, math.nan, 1), (0, 0, math.inf, 1)]
)
def test_bad_boxes(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(GeometryError):
        Box(*corners)


def test_other_refusals() -> None:
    with pytest.raises(GeometryError, match="four numbers"):
        Box.from_sequence([1, 2, 3])
    with pytest.raises(GeometryError, match="outside"):
        Box(10, 10, 20, 20).clip(10, 10)
    with pytest.raises(GeometryError, match="empty"):
        box_of_mask(np.zeros((3, 3), bool))
    with pytest.raises(GeometryError, match="empty"):
        point_inside(np.zeros((3, 3), bool))
    with pytest.raises(GeometryError, match="shapes"):
        mask_iou(np.ones((2, 2), bool), np.ones((2, 3), bool))
    with pytest.raises(GeometryError, match="visibility"):
        Keypoint(0, 0, 3)


def test_expand_clip_contains() -> None:
    box = Box(10, 10, 20, 30).expand(0.5)
    assert box.corners == (5, 0, 25, 40)
    assert box.clip(20, 35).corners == (5, 0, 20, 35)
    assert box.contains(5, 0)
    assert not box.contains(25, 0)
    assert len(COCO_KEYPOINTS) == 17


@pytest.mark.parametrize("values", [5, None, "0,0,9,9", ("a", 0, 9, 9), [None] * 4, (0, 0, 9), {"x0": 0}])
def test_what_is_no_box(values: object) -> None:
    with pytest.raises(GeometryError):
        Box.from_sequence(values)
    assert Box.from_sequence(np.array([0, 1, 2, 3])) == Box(0, 1, 2, 3)
