"""Camera framing and studio light."""

import numpy as np
import pytest

from streetshop.studio.framing import fit_camera, studio_light


@pytest.mark.parametrize("pitch", [0.0, 8.0])
def test_all_points_are_within_the_margin_and_touch_it(pitch):
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    xy, _ = fit_camera(points, 300, 400, 0.1, pitch=pitch).project(points)
    low, high = xy.min(0), xy.max(0)
    assert (low >= [29.5, 39.5]).all()
    assert (high <= [270.5, 360.5]).all()
    assert min(np.abs(high - low - [240, 320])) < 1


def test_studio_light_is_white_and_from_above():
    light = studio_light(np.random.default_rng(0))
    assert np.linalg.norm(light.towards) == pytest.approx(1, abs=1e-5)
    assert light.towards[1] > 0
    assert np.ptp(light.key) < 0.15
