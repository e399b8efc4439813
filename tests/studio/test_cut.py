"""How attributes decide the cut."""

import numpy as np

from streetshop.studio.cut import cut_of, trunk_heights
from tests.studio.worn import product


def test_longer_lengths_hang_lower():
    hems = [cut_of(product("dresses", length=name)).hem for name in ("mini", "knee", "midi", "maxi")]
    assert hems == sorted(hems, reverse=True)


def test_looser_fits_have_more_ease():
    eases = [cut_of(product("t-shirts", fit=name)).ease for name in ("slim", "regular", "loose")]
    assert eases == sorted(eases)


def test_a_tucked_top_ends_at_the_waist_below_everything_else():
    top = product("shirts", length="long")
    tucked, loose = cut_of(top, tucked=True), cut_of(top)
    assert tucked.hem > loose.hem
    assert tucked.layer < loose.layer < cut_of(product("jackets")).layer


def test_only_open_garments_have_an_open_front():
    assert cut_of(product("shrugs", closure="open")).open_front is not None
    assert cut_of(product("jackets")).open_front is None
    assert cut_of(product("jackets"), opened=True).open_front is not None


def test_trunk_heights_go_from_the_neck_to_the_hem():
    cut = cut_of(product("tops", length="cropped"))
    heights = trunk_heights(cut, 30)
    assert heights.shape == (30,)
    assert (np.diff(heights) < 0).all()
    assert np.isclose(heights[-1], cut.hem)
