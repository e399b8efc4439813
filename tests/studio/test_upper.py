"""Garments of the trunk and arms as surfaces."""

import numpy as np
import pytest

from streetshop.studio.cut import cut_of, trunk_heights
from streetshop.studio.upper import sleeve_surface, trunk_surface, upper_patches
from streetshop.studio.vocabulary import GROUPS
from tests.studio.worn import OWNER, body, check, lowest, product, width

CATEGORIES = (*GROUPS["topwear"], *GROUPS["outerwear"], "dresses")


def draw(category, person=None, **attributes):
    return upper_patches(product(category, **attributes), person or body(), OWNER, np.random.default_rng(0), 96)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_is_drawn(category):
    check(draw(category))


def test_sleeves_are_two_patches_of_their_length():
    bare = draw("t-shirts", sleeve_length="cap", neckline="crew")
    long = draw("t-shirts", sleeve_length="long", neckline="crew")
    assert len(bare) == len(long) == 3
    assert lowest(long[1:]) < lowest(bare[1:]) - 0.3
    assert len(draw("tops", sleeve_length="sleeveless", neckline="scoop")) == 1
    assert len(draw("tops", sleeve_length="long", neckline="strappy")) == 1


def test_cloth_lies_outside_the_body_and_loose_cloth_further_out():
    person = body()
    heights = np.linspace(0.76, 0.62, 12, dtype=np.float32)
    skin = person.rings(heights).half_width
    widths = []
    for fit in ("slim", "loose"):
        cut = cut_of(product("t-shirts", fit=fit))
        surface = trunk_surface(person, cut, heights, 65, np.random.default_rng(0))
        widths.append(np.ptp(surface[..., 0], axis=1) / 2)
    assert (widths[0] > skin).all()
    assert widths[1].mean() > widths[0].mean() + 0.01


def test_a_full_dress_is_wider_than_a_pencil_dress():
    full, pencil = (draw("dresses", fit=fit, length="knee", sleeve_length="sleeveless") for fit in ("full", "pencil"))
    assert width(full[:1]) > width(pencil[:1]) + 0.1


def test_a_sleeve_follows_the_arm():
    person = body()
    cut = cut_of(product("shirts", sleeve_length="long"))
    points = sleeve_surface(person, person.left_arm, cut, 30, 33, np.random.default_rng(0))
    assert points.shape == (30, 33, 3)
    assert np.linalg.norm(points[-1].mean(0) - person.left_arm.joints[2]) < 0.05
    assert len(trunk_heights(cut, 20)) == 20
