"""Hats, scarves, belts and sunglasses."""

import numpy as np
import pytest

from streetshop.studio.accessories import belt_patches, hat_patches, scarf_patches, sunglasses_patches
from streetshop.studio.vocabulary import attribute_values
from tests.studio.worn import OWNER, body, check, lowest, product, width


@pytest.mark.parametrize("fit", attribute_values("hats", "fit"))
def test_hats_sit_on_the_head(fit):
    person = body()
    patches = hat_patches(product("hats", fit=fit), person, OWNER, 96)
    check(patches)
    assert max(p.points[..., 1].max() for p in patches) > person.skull[1] + 0.06 * person.tall
    assert lowest(patches) > person.chin[1]


def test_a_wide_brim_is_wider_than_a_beanie():
    person = body()
    brim, beanie = (hat_patches(product("hats", fit=fit), person, OWNER, 96) for fit in ("wide brim", "beanie"))
    assert width(brim) > 1.4 * width(beanie)


def test_long_scarves_hang_lower():
    person = body()
    short, long = (
        scarf_patches(product("scarves", length=length), person, OWNER, np.random.default_rng(0), 96)
        for length in ("short", "long")
    )
    check(short + long)
    assert lowest(long) < lowest(short) < person.chin[1]


@pytest.mark.parametrize("details", attribute_values("belts", "details"))
def test_belts_go_around_the_waist(details):
    person = body()
    patches = belt_patches(product("belts", details=details), person, OWNER)
    check(patches)
    assert abs(patches[0].points[..., 1].mean() - person.trunk_point(0.60)[1]) < 0.02
    assert width(patches[:1]) > 2 * float(person.rings(np.array([0.60], np.float32)).half_width[0])


@pytest.mark.parametrize("fit", attribute_values("sunglasses", "fit"))
def test_sunglasses_are_in_front_of_the_eyes(fit):
    person = body()
    patches = sunglasses_patches(product("sunglasses", fit=fit), person, OWNER)
    check(patches)
    eyes = person.keypoints()[1:3]
    assert max(p.points[..., 2].max() for p in patches) > eyes[:, 2].max()
    assert abs(np.mean([p.points[..., 1].mean() for p in patches]) - eyes[:, 1].mean()) < 0.03
