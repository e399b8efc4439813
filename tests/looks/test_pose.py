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


def test_the_height_of_a_peak_says_how_visible_a_keypoint_is() -> None:
    assert [visibility(peak) for peak in (0.0, 0.09, 0.1, 0.24, 0.25, 1.0)] == [0, 0, 1, 1, 2, 2]
