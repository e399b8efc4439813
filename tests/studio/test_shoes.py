"""Shoes and boots."""

import numpy as np
import pytest

from streetshop.studio.shoes import one_shoe, shoe_patches
from streetshop.studio.vocabulary import attribute_values
from tests.studio.worn import OWNER, body, check, lowest, product


def top(patches):
    return max(float(p.points[..., 1].max()) for p in patches)


@pytest.mark.parametrize("category", ["sports shoes", "casual shoes"])
def test_every_fit_is_a_pair_that_stands_on_the_ground(category):
    for fit in attribute_values(category, "fit"):
        patches = shoe_patches(product(category, fit=fit, length="low"), body(), OWNER, 96)
        check(patches)
        assert abs(lowest(patches)) < 0.012, fit
        x = np.concatenate([p.points[..., 0].reshape(-1) for p in patches])
        assert x.min() < 0 < x.max()


def test_boots_reach_higher():
    heights = [
        top(shoe_patches(product("casual shoes", fit="heel", length=length), body(), OWNER, 96))
        for length in ("low", "ankle boot", "knee boot")
    ]
    assert heights == sorted(heights)
    assert heights[2] > 0.35


def test_a_shoe_points_forward_and_scales():
    ankle, forward, up = np.array([0, 0.073, 0]), np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    small, large = (
        one_shoe(product("sports shoes", length="low"), ankle * k, forward, up, k, OWNER, 96, 1) for k in (1, 1.2)
    )
    lengths = [np.ptp(np.concatenate([p.points[..., 2].reshape(-1) for p in patches])) for patches in (small, large)]
    assert lengths[1] / lengths[0] == pytest.approx(1.2, abs=0.02)
    assert max(p.points[..., 2].max() for p in small) > 2 * abs(min(p.points[..., 2].min() for p in small))
