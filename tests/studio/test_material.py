"""Pieces of material."""

import numpy as np

from streetshop.studio.material import inked, material
from tests.studio.worn import product


def test_a_piece_has_the_proportions_of_its_measures():
    texture = material(product("hand bags"), 0.4, 0.2, 100)
    assert texture.color.shape == (50, 100, 3)


def test_ink_is_mirrored():
    texture = material(product("hand bags", base_colour="white", pattern="solid"), 0.4, 0.2, 100)
    drawn = inked(texture, '<rect width=".5" height="1" fill="#000"/>', (0, 0, 1, 1)).color
    assert not drawn[:, 50:].any()
    assert np.array_equal(drawn[:, :50], texture.color[:, :50])
