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


def painted_by_loop(mask: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Every pixel whose centre is in the box has the value of the mask's pixel under it."""
    picture = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            if box.x0 <= x + 0.5 < box.x1 and box.y0 <= y + 0.5 < box.y1:
                row = int((y + 0.5 - box.y0) / (box.y1 - box.y0) * mask.shape[0])
                column = int((x + 0.5 - box.x0) / (box.x1 - box.x0) * mask.shape[1])
                picture[y, x] = mask[row, column]
    return picture


@pytest.mark.parametrize("factor", [2.5, 0.4, 1.0, 3.0])
def test_a_mask_is_painted_at_another_resolution(factor: float) -> None:
    mask = np.random.default_rng(3).random((6, 8)) > 0.5
    for left, top in ((0.0, 0.0), (3.0, 2.0), (-4.2, 5.3), (11.6, -1.7)):
        box = Box(left, top, left + 8 * factor, top + 6 * factor)
        assert (paint_mask(mask, box, 24, 20) == painted_by_loop(mask, box, 24, 20)).all()


eighths = st.integers(-80, 240).map(lambda n: n / 8)


@given(st.integers(0, 2**32 - 1), st.tuples(eighths, eighths, st.integers(1, 200), st.integers(1, 200)))
def test_painting_is_that_of_a_loop(seed: int, place: tuple[float, float, int, int]) -> None:
    # Sides of eighths of pixels and masks with 1, 2, 4 or 8 pixels a side: no rounding puts a centre on a border.
    rng = np.random.default_rng(seed)
    mask = rng.random((2 ** rng.integers(4), 2 ** rng.integers(4))) > 0.4
    x0, y0, width, height = place
    box = Box(x0, y0, x0 + width / 8, y0 + height / 8)
    found, expected = paint_mask(mask, box, 20, 16), painted_by_loop(mask, box, 20, 16)
    assert found.dtype == np.bool_
    assert (found == expected).all()


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


@given(st.integers(0, 2**32 - 1))
def test_point_inside_is_as_deep_as_any_and_the_nearest_to_their_middle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((rng.integers(1, 10), rng.integers(1, 12))) > 0.3
    mask[rng.integers(mask.shape[0]), rng.integers(mask.shape[1])] = True
    around = np.pad(mask, 1)
    depths = {}
    for y, x in np.argwhere(around):
        rays = (around[y, x:], around[y, x::-1], around[y:, x], around[y::-1, x])
        depths[x - 1, y - 1] = min(int(np.argmin(ray)) for ray in rays)
    deepest = [point for point, depth in depths.items() if depth == max(depths.values())]
    middle = np.mean(deepest, axis=0)
    x, y = point_inside(mask)
    assert (x - 0.5, y - 0.5) in deepest
    nearest = min(math.dist(point, middle) for point in deepest)
    assert math.dist((x - 0.5, y - 0.5), middle) == pytest.approx(nearest)


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


def test_boxes_that_touch_share_nothing() -> None:
    box = Box(2, 3, 6, 9)
    for other in (Box(6, 3, 9, 9), Box(2, 9, 6, 12), Box(7, 10, 9, 12), Box(0, 0, 2, 3)):
        assert box.intersection(other) == other.intersection(box) == 0
        assert box.iou(other) == 0
    assert box.intersection(Box(5, 8, 90, 90)) == 1


@pytest.mark.parametrize("corners", [(-5, 2, 0, 4), (2, -5, 4, 0), (10, 2, 12, 4), (2, 8, 4, 12)])
def test_a_box_that_touches_a_picture_from_outside_has_no_part_in_it(corners: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError, match="outside the 10 x 8 picture"):
        Box(*corners).clip(10, 8)


def test_masks_without_a_pixel_have_nothing_in_common() -> None:
    assert mask_iou(np.zeros((3, 4), bool), np.zeros((3, 4), bool)) == 0
    assert mask_iou(np.ones((3, 4), bool), np.zeros((3, 4), bool)) == 0


def test_slices_take_every_pixel_that_is_touched() -> None:
    assert Box(1.2, 2.0, 3.0, 4.1).slices() == (slice(2, 5), slice(1, 3))


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
    assert box.contains(24.9, 39.9)
    assert not any(box.contains(x, y) for x, y in ((25, 0), (5, 40), (4.9, 0), (5, -0.1)))
    assert box.center == (15, 20)
    assert len(COCO_KEYPOINTS) == 17


@pytest.mark.parametrize("values", [5, None, "0,0,9,9", ("a", 0, 9, 9), [None] * 4, (0, 0, 9), {"x0": 0}])
def test_what_is_no_box(values: object) -> None:
    with pytest.raises(GeometryError):
        Box.from_sequence(values)
    assert Box.from_sequence(np.array([0, 1, 2, 3])) == Box(0, 1, 2, 3)
