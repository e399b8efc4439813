"""Where the marker of a garment belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.geometry import Box
from streetshop.looks.hotspots import hotspot
from streetshop.looks.pose import INDEX
from tests.looks.poses import pose


def test_hotspots() -> None:
    full = np.ones((10, 10), bool)
    box = Box(30, 90, 70, 190)
    assert hotspot(full, box, pose(), on_leg=False) == box.center
    assert hotspot(full, box, (), on_leg=True) == box.center
    # A quarter of the way from knee (62, 145) to hip (62, 100), on the leg that is seen.
    assert hotspot(full, box, pose(right_knee=(38, 145, 1)), on_leg=True) == (62, 133.75)
    assert hotspot(full, box, pose(left_knee=(62, 145, 1)), on_leg=True) == (38, 133.75)
    legs = full.copy()
    legs[2:, 3:7] = False  # the box's centre falls between them
    x, y = hotspot(legs, box, (), on_leg=True)
    assert legs[int((y - 90) / 10), int((x - 30) / 4)]
    hidden = dict.fromkeys(("left_knee", "right_knee"), (0.0, 0.0, 0))
    assert hotspot(full, box, pose(**hidden), on_leg=True) == box.center


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
    assert hotspot(np.ones((10, 10), bool), Box(30, 90, 70, 190), points, on_leg=True) == expected


def test_a_marker_is_a_quarter_of_a_bent_leg_above_the_knee() -> None:
    points = pose(left_knee=(74, 150, 2), left_hip=(62, 102, 2), right_knee=(38, 145, 1))
    assert hotspot(np.ones((10, 10), bool), Box(30, 90, 80, 190), points, on_leg=True) == (71, 138)


def test_a_leg_outside_the_garment_is_no_place_for_its_marker() -> None:
    box = Box(30, 90, 50, 190)
    left_leg = pose(right_knee=(38, 145, 1))  # at 62
    assert hotspot(np.ones((5, 5), bool), box, left_leg, on_leg=True) == (40, 140)


@given(st.integers(0, 2**32 - 1))
def test_a_marker_is_on_its_garment(seed: int) -> None:
    # Pixels of the mask are powers of two of the photo's: no rounding moves a point that lies between two.
    rng = np.random.default_rng(seed)
    mask = rng.random((rng.integers(1, 9), rng.integers(1, 9))) > 0.6
    mask[rng.integers(mask.shape[0]), rng.integers(mask.shape[1])] = True
    x0, y0 = rng.integers(-20, 60, 2).tolist()
    high, wide = (2.0 ** rng.integers(-1, 5, 2)).tolist()
    box = Box(x0, y0, x0 + mask.shape[1] * wide, y0 + mask.shape[0] * high)
    x, y = hotspot(mask, box, pose(), on_leg=bool(rng.integers(2)))
    assert box.contains(x, y)
    assert mask[int((y - y0) / high), int((x - x0) / wide)]


def test_the_middle_of_the_box_is_taken_where_it_is_garment() -> None:
    mask = np.zeros((4, 6), bool)
    mask[2, 3] = True
    box = Box(10, 20, 130, 60)
    assert hotspot(mask, box, (), on_leg=False) == (70, 40)
    mask[2, 3], mask[3, 0] = False, True
    assert hotspot(mask, box, (), on_leg=False) == (10 + 0.5 * 20, 20 + 3.5 * 10)
