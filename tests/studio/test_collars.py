"""Collars and hoods."""

import pytest

from streetshop.studio.collars import collar_patches
from streetshop.studio.cut import cut_of
from tests.studio.worn import OWNER, body, check, product


def draw(category, neckline):
    one = product(category, neckline=neckline)
    return collar_patches(one, body(), cut_of(one), OWNER, 96)


@pytest.mark.parametrize(
    ("category", "neckline", "count"),
    [
        ("shirts", "shirt collar", 2),
        ("shirts", "band collar", 1),
        ("nehru jackets", "mandarin collar", 1),
        ("jackets", "stand collar", 1),
        ("sweaters", "turtleneck", 1),
        ("sweatshirts", "hood", 1),
        ("t-shirts", "crew", 0),
        ("tops", "v-neck", 0),
    ],
)
def test_necklines_have_their_collars(category, neckline, count):
    patches = draw(category, neckline)
    assert len(patches) == count
    if patches:
        check(patches)
        neck = body().trunk_point(0.845)
        assert all(abs(p.points[..., 1].mean() - neck[1]) < 0.1 for p in patches)


def test_a_turtleneck_is_closed_and_higher_than_a_band_collar_which_is_open_in_front():
    high, band = draw("sweaters", "turtleneck")[0], draw("shirts", "band collar")[0]
    assert high.points[..., 1].max() > band.points[..., 1].max()
    assert high.texture.alpha.all()
    middle = band.texture.alpha.shape[1] // 2
    assert not band.texture.alpha[:, middle].any()
