"""Where the marker of a garment belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.geometry import Box
from streetshop.core.records import Garment
from streetshop.looks.hotspots import LEAST_APART, closest, hotspot, place_of, spread
from streetshop.looks.pose import INDEX
from tests.looks.poses import pose


def test_hotspots() -> None:
    full = np.ones((100, 40), bool)
    box = Box(30, 90, 70, 190)
    assert hotspot(full, box, pose(), place="centre") == box.center
    assert hotspot(full, box, (), place="leg") == box.center
    # A quarter of the way from knee (62, 145) to hip (62, 100), on the leg that is seen.
    assert hotspot(full, box, pose(right_knee=(38, 145, 1)), place="leg") == (62, 133.75)
    assert hotspot(full, box, pose(left_knee=(62, 145, 1)), place="leg") == (38, 133.75)
    legs = full.copy()
    legs[20:, 12:28] = False  # the box's centre falls between them
    x, y = hotspot(legs, box, (), place="leg")
    assert legs[int(y - 90), int(x - 30)]
    hidden = dict.fromkeys(("left_knee", "right_knee"), (0.0, 0.0, 0))
    assert hotspot(full, box, pose(**hidden), place="leg") == box.center


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((2, 0.8), (2, 0.9), (38, 133.75)),
        ((2, 0.9), (2, 0.8), (62, 133.75)),
        ((1, 0.1), (0, 0.0), (62, 133.75)),
        ((1, 0.9), (2, 0.3), (38, 133.75)),
        ((0, 0.9), (0, 0.9), (50, 140)),
    ],
)
@pytest.mark.parametrize("joint", ["knee", "hip"])
def test_the_leg_is_the_one_whose_worse_joint_is_better(
    joint: str, left: tuple[int, float], right: tuple[int, float], expected: tuple[float, float]
) -> None:
    points = list(pose())
    for side, (visibility, score) in (("left", left), ("right", right)):
        i = INDEX[f"{side}_{joint}"]
        points[i] = replace(points[i], visibility=visibility, score=score)
    assert hotspot(np.ones((100, 40), bool), Box(30, 90, 70, 190), points, place="leg") == expected


def test_a_marker_is_a_quarter_of_a_bent_leg_above_the_knee() -> None:
    points = pose(left_knee=(74, 150, 2), left_hip=(62, 102, 2), right_knee=(38, 145, 1))
    assert hotspot(np.ones((100, 50), bool), Box(30, 90, 80, 190), points, place="leg") == (71, 138)


def test_a_leg_outside_the_garment_has_its_marker_at_the_nearest_place_well_inside() -> None:
    box = Box(30, 90, 50, 190)
    left_leg = pose(right_knee=(38, 145, 1))  # at 62
    assert hotspot(np.ones((5, 5), bool), box, left_leg, place="leg") == (44, 140)


@given(st.integers(0, 2**32 - 1))
def test_a_marker_is_on_its_garment(seed: int) -> None:
    # Pixels of the mask are powers of two of the photo's: no rounding moves a point that lies between two.
    rng = np.random.default_rng(seed)
    mask = rng.random((rng.integers(1, 9), rng.integers(1, 9))) > 0.6
    mask[rng.integers(mask.shape[0]), rng.integers(mask.shape[1])] = True
    x0, y0 = rng.integers(-20, 60, 2).tolist()
    high, wide = (2.0 ** rng.integers(-1, 5, 2)).tolist()
    box = Box(x0, y0, x0 + mask.shape[1] * wide, y0 + mask.shape[0] * high)
    x, y = hotspot(mask, box, pose(), place=("leg", "centre", "inside")[rng.integers(3)])
    assert box.contains(x, y)
    assert mask[int((y - y0) / high), int((x - x0) / wide)]


def test_the_middle_of_the_box_is_taken_where_it_is_garment() -> None:
    mask = np.zeros((4, 6), bool)
    mask[2, 3] = True
    box = Box(10, 20, 130, 60)
    assert hotspot(mask, box, (), place="centre") == (70, 40)
    mask[2, 3], mask[3, 0] = False, True
    assert hotspot(mask, box, (), place="centre") == (10 + 0.5 * 20, 20 + 3.5 * 10)


def test_each_kind_has_its_place() -> None:
    on_leg = ("trousers", "skirt")
    assert [place_of(name, on_leg) for name in ("top", "trousers", "dress", "bag", "cape")] == [
        "centre",
        "leg",
        "centre",
        "inside",
        "centre",
    ]


def test_the_marker_of_a_pair_of_shoes_is_in_one_of_them() -> None:
    mask = np.zeros((20, 60), bool)
    mask[2:18, :20] = mask[5:18, 45:] = True
    x, y = hotspot(mask, Box(0, 0, 60, 20), (), place="inside")
    assert 5 < x < 15
    assert 6 < y < 14


def test_a_marker_is_not_at_the_edge_of_its_garment() -> None:
    mask = np.ones((40, 40), bool)
    mask[:, 18:21] = False  # the box's centre falls on a seam of another garment
    x, y = hotspot(mask, Box(0, 0, 400, 400), (), place="centre")
    assert abs(x - 195) > 30
    assert mask[int(y / 10), int(x / 10)]


def garment(box: Box, mask: np.ndarray | None = None) -> Garment:
    return Garment("top", 0.9, box, box.center, mask)


def inside(one: Garment) -> bool:
    x, y = one.hotspot
    mask = np.ones((1, 1), bool) if one.mask is None else one.mask
    row = int((y - one.box.y0) / one.box.height * mask.shape[0])
    column = int((x - one.box.x0) / one.box.width * mask.shape[1])
    return one.box.contains(x, y) and bool(mask[row, column])


def test_markers_in_one_place_move_apart_and_the_larger_garment_gives_way() -> None:
    large, small = garment(Box(0, 0, 400, 400)), garment(Box(180, 180, 220, 220))
    moved = spread([large, small], 400, 400)
    assert moved[1] == small
    assert closest([one.hotspot for one in moved]) >= LEAST_APART
    assert all(inside(one) for one in moved)
    far = [garment(Box(0, 0, 100, 100)), garment(Box(200, 0, 300, 100))]
    assert spread(far, 400, 400) == tuple(far)
    assert spread([], 400, 400) == ()


def test_a_marker_that_has_no_room_makes_the_other_one_move() -> None:
    tiny = [garment(Box(100, 100, 130, 110)), garment(Box(100, 96, 180, 104))]
    moved = spread(tiny, 300, 300)
    assert closest([one.hotspot for one in moved]) >= LEAST_APART
    assert all(inside(one) for one in moved)


def test_where_there_is_no_room_markers_are_as_far_apart_as_they_can() -> None:
    moved = spread([garment(Box(0, 0, 20, 20)), garment(Box(0, 0, 20, 20))], 20, 20)
    assert all(inside(one) for one in moved)
    assert closest([one.hotspot for one in moved]) > 20


def test_markers_on_large_photos_are_further_apart() -> None:
    boxes = [garment(Box(0, 0, 3000, 3000)), garment(Box(1000, 1000, 2000, 2000))]
    assert closest([one.hotspot for one in spread(boxes, 3000, 3000)]) >= 150


@given(st.integers(0, 2**32 - 1))
def test_spread_markers_stay_on_their_garments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    garments = []
    for _ in range(rng.integers(1, 6)):
        mask = rng.random((rng.integers(1, 12), rng.integers(1, 12))) > 0.5
        mask[rng.integers(mask.shape[0]), rng.integers(mask.shape[1])] = True
        x0, y0 = rng.integers(0, 200, 2).tolist()
        box = Box(x0, y0, x0 + mask.shape[1] * 8, y0 + mask.shape[0] * 8)
        garments.append(replace(garment(box, mask), hotspot=hotspot(mask, box, (), place="centre")))
    moved = spread(garments, 400, 400)
    assert all(inside(one) for one in moved)
    before, after = ([one.hotspot for one in group] for group in (garments, moved))
    assert closest(after) >= min(closest(before), LEAST_APART)
