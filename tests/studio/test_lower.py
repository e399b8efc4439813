"""Trousers, shorts and skirts."""

import numpy as np
import pytest

from streetshop.studio.lower import leg_surface, mirrored, skirt_patches, trousers_patches
from streetshop.studio.mesh import Texture
from streetshop.studio.vocabulary import GROUPS, attribute_values
from tests.studio.worn import OWNER, body, check, lowest, product, width


def draw(category, **attributes):
    worn = skirt_patches if category == "skirts" else trousers_patches
    return worn(product(category, **attributes), body(), OWNER, np.random.default_rng(0), 96)


@pytest.mark.parametrize("category", [*GROUPS["bottomwear"], "skirts"])
def test_longer_ones_hang_lower(category):
    ends = []
    for length in attribute_values(category, "length"):
        patches = draw(category, length=length)
        check(patches)
        ends.append(lowest(patches))
    assert ends == sorted(ends, reverse=True)


def test_trousers_have_hips_and_two_legs_and_a_skirt_is_one_piece():
    assert len(draw("trousers")) == 3
    assert len(draw("skirts")) == 1


def test_wide_fits_are_wider():
    assert width(draw("skirts", fit="full", length="midi")) > width(draw("skirts", fit="pencil", length="midi")) + 0.1
    person, rng = body(), np.random.default_rng(0)
    wide, skinny = (
        leg_surface(product("trousers", fit=fit), person, person.left_leg, ease, 1.8, rng)
        for fit, ease in (("wide", 0.03), ("skinny", 0.004))
    )
    assert np.ptp(wide[-8, :, 0]) > 1.5 * np.ptp(skinny[-8, :, 0])


@pytest.mark.parametrize("category", ["jeans", "trousers", "track pants", "skirts"])
def test_every_detail_is_visible(category):
    seen = set()
    for details in attribute_values(category, "details"):
        patches = draw(category, details=details)
        seen.add(b"".join(p.texture.color.tobytes() for p in patches))
    assert len(seen) == len(attribute_values(category, "details"))


def test_a_mirrored_texture_exchanges_left_and_right():
    color = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    turned = mirrored(Texture(color, color[..., 0] > 8, color[..., 1].astype(np.float32)))
    assert np.array_equal(turned.color, color[:, ::-1])
    assert np.array_equal(turned.alpha, (color[..., 0] > 8)[:, ::-1])
    assert np.array_equal(turned.relief, color[:, ::-1, 1])
