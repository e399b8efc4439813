"""SVG elements to pixels, and layers."""

import numpy as np

from streetshop.studio.svg import paste, svg


def test_elements_fill_their_part_of_the_view_box():
    picture = svg('<rect x="1" width="1" height="1" fill="#ff0000"/>', 8, 4, (0, 0, 2, 1))
    assert picture.shape == (4, 8, 4)
    assert (picture[:, 4:] == (255, 0, 0, 255)).all()
    assert not picture[:, :4].any()


def test_a_layer_covers_by_its_alpha():
    under = np.full((1, 3, 3), 100, np.uint8)
    over = np.array([[[200, 200, 200, 0], [200, 200, 200, 255], [200, 200, 200, 51]]], np.uint8)
    assert paste(under, over)[0, :, 0].tolist() == [100, 200, 120]
