"""The colour block against known CIELAB values and common sense."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.errors import VectorError
from streetshop.models.colour import COLOUR_DIM, centres, colour_block, lab


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [  # the published values of the sRGB primaries and greys under D65
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_lab(rgb: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    assert lab(np.array(rgb, np.uint8)) == pytest.approx(expected, abs=0.35)


def flat(*rgb: int) -> np.ndarray:
    return np.full((48, 48, 3), rgb, np.uint8)


def test_block_is_a_unit_vector() -> None:
    rng = np.random.default_rng(0)
    for pixels in (flat(1, 2, 3), rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)):
        block = colour_block(pixels)
        assert block.shape == (COLOUR_DIM,)
        assert block.dtype == np.float32
        assert np.linalg.norm(block) == pytest.approx(1, abs=1e-6)
        assert (block >= 0).all()
    assert len(np.unique(centres(), axis=0)) == COLOUR_DIM


def test_like_colours_are_near() -> None:
    red, wine, pink, blue, navy = (
        colour_block(flat(*rgb)) for rgb in [(200, 20, 30), (150, 20, 40), (240, 150, 170), (30, 60, 200), (20, 30, 90)]
    )
    assert red @ wine > red @ pink > red @ blue
    assert blue @ navy > blue @ red


def test_ground_shared_by_border_and_middle_counts_less() -> None:
    on_wood = flat(150, 110, 70)
    on_wood[12:36, 12:36] = (30, 60, 200)
    block = colour_block(on_wood)
    # The wood fills three quarters of the picture; by area alone its cosine would be the larger one (.87 to .5).
    assert block @ colour_block(flat(30, 60, 200)) > 0.8 > 0.6 > block @ colour_block(flat(150, 110, 70))


def test_mask_decides_where_there_is_one() -> None:
    pixels = flat(250, 250, 250)
    pixels[:, :24] = (200, 20, 30)
    mask = np.zeros((48, 48), np.float32)
    mask[:, :24] = 1
    assert colour_block(pixels, mask) @ colour_block(flat(200, 20, 30)) == pytest.approx(1, abs=1e-4)
    assert np.isfinite(colour_block(pixels, np.zeros((48, 48), np.float32))).all(), "an empty mask is no mask"


def shares(pixels: np.ndarray) -> np.ndarray:
    """(n, bins) share of every bin in every pixel: a Gaussian of the distance, in which lightness counts .7."""
    table = []
    for point in lab(pixels).reshape(-1, 3).astype(np.float64):
        squared = ((point - centres()) * (0.7, 1, 1)) ** 2
        weights = np.exp(-squared.sum(axis=1) / (2 * 9.0**2))
        table.append(weights / weights.sum())
    return np.asarray(table)


def unit(histogram: np.ndarray) -> np.ndarray:
    return histogram**0.75 / np.linalg.norm(histogram**0.75)


@pytest.mark.parametrize("size", [(5, 4), (16, 8), (13, 23), (48, 48)])
def test_the_block_is_a_histogram_with_gaussian_shares(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size[0])
    pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = rng.random(size).astype(np.float32)
    expected = unit((shares(pixels) * mask.reshape(-1, 1)).sum(axis=0))
    np.testing.assert_allclose(colour_block(pixels, mask), expected, atol=2e-5)


@pytest.mark.parametrize("size", [(48, 48), (20, 30), (30, 20)])
def test_without_a_mask_the_middle_counts_and_what_is_at_the_border_counts_less(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (*size, 3), dtype=np.uint8)
    inside, outside = np.zeros(size), np.zeros(size)
    for row in range(size[0]):
        for column in range(size[1]):
            y, x = (2 * row + 1) / size[0] - 1, (2 * column + 1) / size[1] - 1
            inside[row, column] = np.exp(-2 * (x * x + y * y))
            outside[row, column] = max(abs(x), abs(y)) > 0.9
    found, ground = (shares(pixels).T @ weights.reshape(-1) / weights.sum() for weights in (inside, outside))
    np.testing.assert_allclose(colour_block(pixels), unit(found**2 / (found + ground + 1e-6)), atol=2e-5)


def test_refuses_what_is_no_picture() -> None:
    with pytest.raises(VectorError):
        colour_block(np.zeros((4, 4), np.uint8))
