"""Keypoints out of heatmaps, views and full shots."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.looks.pose import is_full_shot, read_keypoints, view_of, visibility
from tests.looks.poses import pose


def test_peaks_are_read_between_pixels_and_only_on_the_person() -> None:
    ys, xs = np.mgrid[:24, :16] + 0.5
    heat = np.exp(-((xs - 6.3) ** 2 + (ys - 9.8) ** 2) / 4).astype(np.float32)
    heat[20, 12] = 1.5  # someone else's
    where = np.ones((24, 16), bool)
    where[16:] = False
    [(x, y, peak)] = read_keypoints(heat[None], where)
    assert (x, y) == (pytest.approx(6.3, abs=0.02), pytest.approx(9.8, abs=0.02))
    assert 0.9 < peak <= 1


def test_full_shot_wants_eyes_and_ankles() -> None:
    assert is_full_shot(pose())
    assert not is_full_shot(pose(left_ankle=(62, 190, 1)))
    assert not is_full_shot(pose(right_eye=(0, 0, 0)))


def test_views() -> None:
    assert view_of(pose()) == "front"
    head = dict.fromkeys(("nose", "left_eye", "right_eye"), (0.0, 0.0, 0))
    turned = {"left_shoulder": (30.0, 35.0, 2), "right_shoulder": (70.0, 35.0, 2)}
    assert view_of(pose(**head, **turned)) == "back"
    side = {"left_shoulder": (51.0, 35.0, 2), "right_shoulder": (49.0, 35.0, 2)}
    assert view_of(pose(nose=(35, 12, 2), **side)) == "left"
    assert view_of(pose(nose=(65, 12, 2), **side)) == "right"
    assert view_of(pose(left_shoulder=(0, 0, 0))) == "detail"


@pytest.mark.parametrize(
    ("points", "view"),
    [
        # The torso is 65 long: shoulders less than 21.67 apart, and a nose more than 5.2 beside their middle.
        ({"left_shoulder": (61.0, 35.0, 2), "right_shoulder": (40.0, 35.0, 2), "nose": (56.0, 10.0, 2)}, "right"),
        ({"left_shoulder": (61.0, 35.0, 2), "right_shoulder": (40.0, 35.0, 2), "nose": (45.0, 10.0, 2)}, "left"),
        ({"left_shoulder": (61.0, 35.0, 2), "right_shoulder": (40.0, 35.0, 2), "nose": (55.5, 10.0, 2)}, "front"),
        ({"left_shoulder": (61.0, 35.0, 2), "right_shoulder": (40.0, 35.0, 2), "nose": (45.5, 10.0, 2)}, "front"),
        ({"left_shoulder": (61.0, 35.0, 2), "right_shoulder": (39.0, 35.0, 2), "nose": (60.0, 10.0, 2)}, "front"),
        # A nose that is hidden says nothing, and eyes still make a head.
        ({"left_shoulder": (55.0, 35.0, 2), "right_shoulder": (45.0, 35.0, 2), "nose": (60.0, 10.0, 1)}, "front"),
        # Without hips there is no torso to compare with.
        ({"left_hip": (0.0, 0.0, 0), "right_hip": (0.0, 0.0, 0), "nose": (70.0, 10.0, 2)}, "front"),
        # One hip is enough.
        ({"left_hip": (0.0, 0.0, 0), "left_shoulder": (52.0, 35.0, 2), "right_shoulder": (48.0, 35.0, 2),
          "nose": (60.0, 10.0, 2)}, "right"),
        # Shoulders as of a back, with a face: the keypoints do not decide.
        ({"left_shoulder": (30.0, 35.0, 2), "right_shoulder": (70.0, 35.0, 2)}, None),
        # Shoulders as of a front without a face.
        ({"nose": (0.0, 0.0, 0), "left_eye": (0.0, 0.0, 1), "right_eye": (0.0, 0.0, 0)}, None),
        ({"nose": (0.0, 0.0, 0), "left_eye": (55.0, 8.0, 2), "right_eye": (0.0, 0.0, 0)}, "front"),
        ({"left_shoulder": (70.0, 35.0, 1), "right_shoulder": (30.0, 35.0, 1)}, "front"),
        ({"right_shoulder": (0.0, 0.0, 0)}, "detail"),
    ],
)  # fmt: skip
def test_where_a_view_begins(points: dict[str, tuple[float, float, int]], view: str | None) -> None:
    assert view_of(pose(**points)) == view


def test_a_torso_without_length_is_no_side_view() -> None:
    joints = {f"{side}_{joint}": (50.0, 35.0, 2) for side in ("left", "right") for joint in ("shoulder", "hip")}
    assert view_of(pose(**joints)) is None


@pytest.mark.parametrize("missing", ["left_eye", "right_eye", "left_ankle", "right_ankle"])
def test_each_of_the_four_points_makes_a_full_shot(missing: str) -> None:
    assert not is_full_shot(pose(**{missing: (50.0, 50.0, 1)}))
    assert is_full_shot(pose(nose=(0.0, 0.0, 0), left_knee=(0.0, 0.0, 0)))


@pytest.mark.parametrize(("x", "y"), [(0.5, 0.5), (15.5, 23.5), (0.5, 23.5), (7.5, 0.5)])
def test_a_peak_at_the_edge_stays_in_its_pixel(x: float, y: float) -> None:
    ys, xs = np.mgrid[:24, :16] + 0.5
    heat = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / 4).astype(np.float32)
    [(found_x, found_y, peak)] = read_keypoints(heat[None], np.ones((24, 16), bool))
    assert abs(found_x - x) <= 0.5
    assert abs(found_y - y) <= 0.5
    assert peak == 1
    assert 0 <= found_x <= 16
    assert 0 <= found_y <= 24


def test_a_flat_peak_is_the_middle_of_its_pixel() -> None:
    heat = np.full((1, 5, 5), 0.4, np.float32)
    where = np.zeros((5, 5), bool)
    where[2, 3] = True
    assert read_keypoints(heat, where) == [(3.5, 2.5, pytest.approx(0.4))]
    slope = np.tile(np.float32([0.1, 0.2, 0.4, 0.8, 0.9]), (5, 1))[None]
    [(x, _, _)] = read_keypoints(slope, where)
    assert 3 <= x <= 4


def test_the_height_of_a_peak_says_how_visible_a_keypoint_is() -> None:
    assert [visibility(peak) for peak in (0.0, 0.09, 0.1, 0.24, 0.25, 1.0)] == [0, 0, 1, 1, 2, 2]
