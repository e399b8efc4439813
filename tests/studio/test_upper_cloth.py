"""Textures of garments of the trunk and arms."""

import numpy as np
import pytest

from streetshop.studio.cut import cut_of, trunk_heights
from streetshop.studio.upper_cloth import edge_of, neck_cut, sheet_of, sleeve_texture, trunk_texture
from streetshop.studio.vocabulary import CATEGORIES, GROUPS, attribute_values
from tests.studio.worn import product, spread


def texture(category, **attributes):
    one = product(category, **attributes)
    cut = cut_of(one)
    return trunk_texture(one, cut, 160, trunk_heights(cut, 40))


def drawn(category, **attributes):
    """Bytes of the textures of trunk and sleeve."""
    one = product(category, **attributes)
    return texture(category, **attributes).color.tobytes() + sleeve_texture(one, cut_of(one), 64).color.tobytes()


def open_share(neckline, sleeve=2.0):
    cut = cut_of(product("tops", length="regular"))
    sheet = sheet_of(cut, 160, trunk_heights(cut, 40))
    return 1 - float(neck_cut(neckline, sheet, sleeve).mean())


def test_deep_necklines_leave_more_open():
    shares = [open_share(name) for name in ("turtleneck", "crew", "scoop", "off-shoulder")]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert open_share("scoop", sleeve=0) > open_share("scoop")


def test_necklines_are_open_in_front_and_the_same_left_and_right():
    for name in ("v-neck", "scoop", "square", "crew"):
        cut = cut_of(product("tops", length="regular"))
        sheet = sheet_of(cut, 161, trunk_heights(cut, 40))
        cloth = neck_cut(name, sheet, 2.0)
        front, back = cloth[:, sheet.front[0]], cloth[:, ~sheet.front[0]]
        assert front.mean() < back.mean(), name
        assert (cloth == cloth[:, ::-1]).mean() > 0.98, name


@pytest.mark.parametrize("category", [*GROUPS["topwear"], *GROUPS["outerwear"], "dresses"])
def test_every_closure_and_detail_is_visible(category):
    for attribute in ("closure", "details"):
        values = attribute_values(category, attribute)
        other = {"details": "none"} if attribute == "closure" else {}
        seen = {drawn(category, **{**other, attribute: value}) for value in values}
        assert len(seen) == len(values), attribute


def test_an_open_jacket_has_a_gap_in_front():
    one = product("shrugs", closure="open")
    cut = cut_of(one)
    alpha = trunk_texture(one, cut, 160, trunk_heights(cut, 40)).alpha
    assert not alpha[-1, 78:82].any()
    assert alpha[-1, 0]


def test_a_graphic_print_is_in_the_middle_of_the_front():
    color = texture("t-shirts", pattern="graphic print", base_colour="white", secondary_colour="black").color
    rows, columns = color.shape[:2]
    front = color[rows // 5 : rows // 2, columns * 3 // 8 : columns * 5 // 8]
    assert spread(front) > spread(color[rows // 5 : rows // 2, : columns // 8])


def test_edges_are_the_cloth_next_to_a_cut():
    alpha = np.ones((12, 12), bool)
    alpha[:4] = False
    edge = edge_of(alpha)
    assert edge[4:6].all()
    assert not edge[:4].any()
    assert not edge[6:10, 3:9].any()


def test_long_sleeves_have_longer_textures():
    lengths = []
    for name in ("short", "long"):
        one = product("shirts", sleeve_length=name)
        lengths.append(sleeve_texture(one, cut_of(one), 64).color.shape[0])
    assert lengths[1] > 2 * lengths[0]
    assert "sleeve_length" in CATEGORIES["shirts"].choices
