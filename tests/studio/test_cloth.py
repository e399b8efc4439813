"""Fabrics show their pattern and their colours."""

import numpy as np
import pytest

from streetshop.studio.cloth import hexed, paint, pattern_tile, shade_of, trim_of
from streetshop.studio.vocabulary import COLORS, PATTERNS
from tests.studio.worn import product, spread

X = np.linspace(-0.3, 0.3, 96, dtype=np.float32)[None]
Y = np.linspace(0, 0.6, 96, dtype=np.float32)[:, None]


def shirt(pattern, second="white"):
    return product("tops", base_colour="navy", secondary_colour=second, pattern=pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_is_painted_the_same_way_twice(pattern):
    color, relief = paint(shirt(pattern), X, Y)
    assert color.shape == (96, 96, 3)
    assert color.dtype == np.uint8
    assert np.array_equal(color, paint(shirt(pattern), X, Y)[0])
    assert (relief is not None) == (pattern == "knit")


def test_plain_cloth_has_the_shade_of_the_product_and_prints_more_than_one():
    plain, _ = paint(shirt("solid"), X, Y)
    assert np.allclose(plain.reshape(-1, 3).mean(0), shade_of(shirt("solid")), atol=2)
    assert spread(plain) < 4
    for pattern in ("horizontal stripes", "vertical stripes", "plaid", "floral", "animal", "dots"):
        assert spread(paint(shirt(pattern), X, Y)[0]) > 15, pattern


def test_stripes_run_in_their_direction():
    horizontal = paint(shirt("horizontal stripes"), X, Y)[0].astype(float).mean(-1)
    vertical = paint(shirt("vertical stripes"), X, Y)[0].astype(float).mean(-1)
    assert horizontal.mean(1).std() > 5 * horizontal.mean(0).std()
    assert vertical.mean(0).std() > 5 * vertical.mean(1).std()


def test_shades_are_near_their_named_colour_and_trims_contrast():
    for name, rgb in COLORS.items():
        one = product("shirts", base_colour=name, secondary_colour="none")
        assert np.abs(shade_of(one) - np.asarray(rgb)).max() < 50
        assert np.abs(trim_of(one) - shade_of(one)).max() > 10
    two = shirt("dots", "red")
    assert np.array_equal(trim_of(two), shade_of(two, "secondary_colour"))


def test_tiles_are_seamless():
    for pattern in ("floral", "animal"):
        tile, metres = pattern_tile(7, pattern, (30.0, 40.0, 80.0), (230.0, 120.0, 40.0))
        assert tile.shape == (160, 160, 3)
        assert 0.1 < metres < 0.4
        wide = tile.astype(float)
        across_the_seam, inside = np.abs(wide[:, 0] - wide[:, -1]).mean(), np.abs(np.diff(wide, axis=1)).mean()
        assert across_the_seam < 3 * inside + 3


def test_colours_are_written_in_hexadecimal_and_clipped():
    assert hexed(np.array([16, 255, 0])) == "#10ff00"
    assert hexed(np.array([200, 0, 10]), 2.0) == "#ff0014"
