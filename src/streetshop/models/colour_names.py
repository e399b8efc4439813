"""Names of colours: the garment's pixels, each counted for the name whose typical colours are nearest in CIELAB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from PIL import Image

from streetshop.core.records import GarmentPicture
from streetshop.models.colour import SIDE, lab
from streetshop.models.preprocessing import mask_image

COLOURS: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = {
    "black": ((8, 0, 0), (18, 0, -1), (25, 0, 2)),
    "white": ((96, 0, 0), (84, 0, 0), (74, 0, 2)),
    "grey": ((38, 0, 0), (50, 0, -1), (62, 0, -2)),
    "beige": ((80, 3, 12), (66, 6, 16), (56, 6, 15)),
    "brown": ((24, 8, 10), (36, 11, 16), (48, 14, 24)),
    "red": ((45, 58, 35), (38, 48, 25), (24, 26, 8), (32, 38, 15)),
    "orange": ((60, 35, 50), (52, 30, 43)),
    "yellow": ((82, 0, 55), (74, -2, 50), (64, 4, 45)),
    "green": ((50, -30, 20), (35, -17, 10), (44, -16, -8), (35, -4, 14), (60, -20, -8), (50, -6, 22)),
    "blue": ((35, 8, -38), (47, -2, -22), (66, -3, -12), (55, -5, -30), (76, -4, -10)),
    "navy": ((17, 3, -11), (24, 2, -13), (30, 0, -14)),
    "purple": ((30, 22, -20), (48, 20, -18), (64, 12, -12)),
    "pink": ((75, 15, 4), (62, 22, 8), (52, 48, 4), (62, 40, 0)),
}
"""L*, a*, b* of typical pixels of each colour, as garments have them in photographs: white is mostly darker than 90."""

LEAST_SHARE: Final = 0.05
"""Colours below it are not kept."""

_AXES: Final = np.asarray((0.7, 1.0, 1.0), np.float32)
"""Factors of L*, a*, b* in distances: lightness counts for less, since much of it is light and shade."""
_INSIDE: Final = 0.5
"""Least value of the mask at a pixel that counts."""
_POINTS: Final = np.asarray([point for points in COLOURS.values() for point in points], np.float32) * _AXES
_OF_POINT: Final = np.asarray([i for i, points in enumerate(COLOURS.values()) for _ in points])


def colour_shares(picture: GarmentPicture) -> dict[str, float]:
    """The colours of a garment with their shares of its pixels, by falling share.

    Args:
        picture: its mask says which pixels count, and how much. Without one nothing is counted, since background would
            be.

    Returns:
        Shares from :data:`LEAST_SHARE` to 1, by name; empty when no pixel counts.
    """
    if picture.mask is None:
        return {}
    size = (SIDE, SIDE)
    pixels = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX))
    mask = np.asarray(mask_image(picture).resize(size, Image.Resampling.BOX)).astype(np.float32) / np.float32(255)
    counts = mask > _INSIDE
    if not counts.any():
        return {}
    points, weights = lab(pixels[counts]) * _AXES, mask[counts]
    # |p - c|^2 without |p|^2, which is the same for all c
    nearest = np.argmin((_POINTS**2).sum(1) - 2 * points @ _POINTS.T, axis=1)
    sums = np.bincount(_OF_POINT[nearest], weights=weights, minlength=len(COLOURS)) / weights.sum()
    shares = {name: round(float(share), 3) for name, share in zip(COLOURS, sums, strict=True) if share >= LEAST_SHARE}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
