"""The product alone on white."""

import numpy as np
import pytest

from streetshop.studio import CATEGORIES
from streetshop.studio.packshots import draw_packshot
from tests.studio.worn import product


@pytest.mark.parametrize("category", CATEGORIES)
def test_one_product_fills_the_middle_of_a_white_picture(category):
    picture = draw_packshot(product(category), 3, 96)
    truth = picture.truth
    assert picture.pixels.shape == (truth.height, truth.width, 3)
    assert max(truth.height, truth.width) == 96
    [garment] = truth.garments
    assert garment.category == category
    x0, y0, x1, y1 = garment.box
    assert x0 > 0
    assert y0 > 0
    assert x1 < truth.width
    assert y1 < truth.height
    assert max((x1 - x0) / truth.width, (y1 - y0) / truth.height) > 0.75
    assert picture.pixels[:3].min() > 225
    assert np.array_equal(picture.pixels, draw_packshot(product(category), 3, 96).pixels)
