"""Hand bags."""

import numpy as np
import pytest

from streetshop.studio.bags import bag_patches
from streetshop.studio.vocabulary import attribute_values
from tests.studio.worn import OWNER, check, product, width

AT, FRONT, UP = np.array([0, 1, 0], np.float32), np.array([0, 0, 1], np.float32), np.array([0, 1, 0], np.float32)


def draw(strap_to=None, **attributes):
    return bag_patches(product("hand bags", **attributes), AT, FRONT, UP, OWNER, 96, strap_to)


@pytest.mark.parametrize("fit", attribute_values("hand bags", "fit"))
def test_every_fit_is_drawn_around_its_centre(fit):
    patches = draw(fit=fit)
    check(patches)
    assert np.abs(patches[0].points.mean((0, 1)) - AT).max() < 0.05
    assert len(patches) == (1 if fit == "crossbody" else 3) + (product("hand bags").get("details") == "tassel")


def test_larger_bags_are_wider():
    widths = [width(draw(length=size)[:1]) for size in ("small", "medium", "large")]
    assert widths == sorted(widths)


def test_a_strap_runs_over_the_given_points():
    over = np.array([[-0.1, 1.4, 0], [0, 1.5, 0], [0.1, 1.4, 0]], np.float32)
    [_, strap] = draw(over, fit="crossbody", details="none")
    assert 1.45 < strap.points[..., 1].max() < 1.53


def test_details_and_closures_are_visible():
    colors = [draw(closure=c, details="none", pattern="solid")[0].texture.color for c in ("flap", "zip", "open")]
    assert len({c.tobytes() for c in colors}) == 3
    assert len(draw(details="tassel")) == len(draw(details="none")) + 1
