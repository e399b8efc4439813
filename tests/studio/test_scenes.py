"""Backdrop, light and foreground of street photos."""

import numpy as np
import pytest

from streetshop.studio.places import PLACES
from streetshop.studio.scenes import backdrop, foreground, linear_backdrop, street_light


@pytest.mark.parametrize("place", PLACES)
def test_light_is_positive_and_comes_from_a_unit_direction(place):
    for seed in range(10):
        light = street_light(place, np.random.default_rng(seed))
        assert np.linalg.norm(light.towards) == pytest.approx(1, abs=1e-5)
        assert 0 <= light.softness <= 1
        assert min(light.key.min(), light.sky.min(), light.ground.min()) > 0


def test_a_backdrop_is_lit_like_the_scene():
    rng = np.random.default_rng(0)
    picture = backdrop("street", 120, 160, 0.7, rng)
    assert picture.shape == (88, 66, 3)
    lights = [street_light("street", np.random.default_rng(seed)) for seed in range(30)]
    lights.sort(key=lambda light: light.key.mean() * 0.55 + light.sky.mean())
    dark, bright = (
        linear_backdrop(picture, 120, 160, light, np.random.default_rng(1)) for light in (lights[0], lights[-1])
    )
    assert dark.shape == (160, 120, 3)
    assert bright.mean() > dark.mean()


def test_some_photos_have_a_foreground_that_covers_a_part():
    found = [foreground(120, 160, np.random.default_rng(seed)) for seed in range(80)]
    covers = [c for c in found if c is not None]
    assert 10 < len(covers) < 40
    for cover in covers:
        assert cover.shape == (80, 60, 4)
        assert 0 < (cover[..., 3] > 0).mean() < 0.8
