"""Colours of garments by name, against a count one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streetshop.core.records import GarmentPicture
from streetshop.models.colour import SIDE, lab
from streetshop.models.colour_names import COLOURS, LEAST_SHARE, colour_shares

WHOLE = np.ones((SIDE, SIDE), np.float32)


def naive_shares(pixels: NDArray[np.uint8], mask: NDArray[np.float32]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for y in range(SIDE):
        for x in range(SIDE):
            if mask[y, x] > 0.5:
                light, a, b = (float(v) for v in lab(pixels[y, x]))
                distances = {
                    name: min((0.7 * (light - p)) ** 2 + (a - q) ** 2 + (b - r) ** 2 for p, q, r in points)
                    for name, points in COLOURS.items()
                }
                counts[min(distances, key=lambda name: distances[name])] += 1
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if count / total >= LEAST_SHARE}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_shares_are_those_of_a_count_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (4, 3), np.uint8)
    pixels = palette[rng.integers(0, 4, (SIDE, SIDE))]
    mask = (rng.random((SIDE, SIDE)) < 0.4).astype(np.float32)
    found = colour_shares(GarmentPicture(pixels, mask))
    expected = naive_shares(pixels, mask)
    assert found.keys() == expected.keys()
    assert all(abs(found[name] - expected[name]) < 1e-3 for name in found)
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((15, 15, 15), "black"),
        ((240, 240, 240), "white"),
        ((120, 120, 120), "grey"),
        ((190, 20, 30), "red"),
        ((240, 210, 40), "yellow"),
        ((30, 120, 50), "green"),
        ((40, 90, 200), "blue"),
        ((25, 30, 60), "navy"),
        ((240, 130, 40), "orange"),
        ((240, 160, 180), "pink"),
        ((110, 60, 140), "purple"),
        ((110, 70, 45), "brown"),
        ((205, 185, 155), "beige"),
    ],
)
def test_plain_colours(rgb: tuple[int, int, int], name: str) -> None:
    pixels = np.full((90, 60, 3), rgb, np.uint8)
    assert colour_shares(GarmentPicture(pixels, np.ones((90, 60), np.float32))) == {name: 1.0}


def test_background_is_not_counted() -> None:
    pixels = np.full((SIDE, SIDE, 3), (30, 120, 50), np.uint8)
    pixels[10:30, 10:30] = (190, 20, 30)
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[10:30, 10:30] = 1
    assert colour_shares(GarmentPicture(pixels, mask)) == {"red": 1.0}
    assert colour_shares(GarmentPicture(pixels, WHOLE))["green"] > 0.8
    assert colour_shares(GarmentPicture(pixels)) == {}
    assert colour_shares(GarmentPicture(pixels, np.zeros((SIDE, SIDE), np.float32))) == {}
