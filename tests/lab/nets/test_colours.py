"""Colours counted in the network, against the serving side's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from streetshop.lab.nets.colours import SIDE, Colours
from streetshop.models.colour import colour_block

pytestmark = pytest.mark.lab


def test_colours_in_the_network_are_the_serving_sides() -> None:
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (2, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)
    mask = np.zeros((2, SIDE, SIDE), np.float32)
    mask[0, :, :20] = mask[1, 8:20, 8:] = 1
    image = torch.from_numpy(np.concatenate([pixels / 255, mask[..., None]], axis=3).astype(np.float32)).permute(
        0, 3, 1, 2
    )
    whole, inside, rim = Colours()(image).reshape(2, 3, -1).unbind(1)
    for i in range(2):
        block = functional.normalize(whole[i] ** 0.75, dim=0).numpy()
        assert float(block @ colour_block(pixels[i], mask[i])) > 0.999
    assert np.allclose([whole.sum(1), inside.sum(1), rim.sum(1)], 1, atol=1e-3)


def test_inside_and_rim_of_an_uncut_picture() -> None:
    picture = torch.zeros(1, 4, SIDE, SIDE)
    picture[:, 2] = 1  # a blue ground to the border, a red thing in the middle
    picture[:, 2, 8:24, 8:24], picture[:, 0, 8:24, 8:24] = 0, 1
    picture[:, 3] = 1
    red = torch.zeros(1, 4, SIDE, SIDE)
    red[:, 0] = red[:, 3] = 1
    whole, inside, rim = functional.normalize(Colours()(picture).reshape(3, -1), dim=1)
    only_red = functional.normalize(Colours()(red).reshape(3, -1), dim=1)[0]
    assert float(inside @ only_red) > 1.4 * float(whole @ only_red) > 0.2 > float(rim @ only_red)
