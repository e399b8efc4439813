"""Backgrounds."""

import numpy as np
import pytest

from streetshop.studio.places import PLACES, a_car, any_color
from streetshop.studio.svg import svg


@pytest.mark.parametrize("place", PLACES)
def test_a_place_fills_the_picture_and_depends_on_the_seed_only(place):
    draw = PLACES[place]
    one, same, other = ("".join(draw(75, 100, 70, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert one == same != other
    picture = svg(one, 75, 100, (0, 0, 75, 100))
    assert (picture[..., 3] == 255).all()
    assert picture[:65, :, :3].std() > 2
    assert picture[75:, :, :3].std() > 2


def test_a_car_stands_where_it_is_put():
    rows, columns = np.nonzero(svg(a_car(50, 60, 1.0, np.random.default_rng(0)), 100, 100, (0, 0, 100, 100))[..., 3])
    assert 62 <= rows.max() <= 65
    assert abs(columns.mean() - 50) < 3


def test_colours_are_in_their_range():
    rng = np.random.default_rng(0)
    values = [int(any_color(rng, 100, 120, 1)[1:3], 16) for _ in range(50)]
    assert 90 < min(values) <= max(values) < 130
