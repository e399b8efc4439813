"""The colours of a garment as a soft histogram in CIELAB (CIE 1976 L*a*b*, D65, from sRGB).

The centres of the bins are spread over the Lab solid; each pixel is shared among the bins by a Gaussian of its distance
to their centres. Bin values are raised to a power between 1/2, at which the cosine of two histograms is their
Bhattacharyya coefficient, and 1, at which the largest colour dominates.
"""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import VectorError

SIDE: Final = 48
"""Side, in pixels, to which pictures are reduced for the histogram."""

_PIECE: Final = 128
"""Pixels that are processed at a time."""

_SPREAD: Final = 9.0
"""Standard deviation of a pixel's share, in CIELAB units (a just noticeable difference is about 2.3)."""

_AXES: Final = np.asarray((0.7, 1.0, 1.0), np.float32)
"""Factors of L*, a*, b* in distances. Lightness counts for less, since much of it is light and shade."""

_POWER: Final = 0.75
"""To which bin values are raised."""

_HUES: Final = {22.0: 8, 48.0: 12, 80.0: 8}
"""Ring of centres at each chroma, with its number of hues."""

_LIGHTNESS: Final = {22.0: (22.0, 42.0, 62.0, 82.0), 48.0: (30.0, 50.0, 70.0), 80.0: (45.0, 65.0)}
_NEUTRALS: Final = (4.0, 16.0, 28.0, 40.0, 52.0, 64.0, 76.0, 86.0, 93.0, 99.0)


@functools.cache
def centres() -> NDArray[np.float32]:
    """Return the (bins, 3) L*, a*, b* of the centres of the bins."""
    points = [(lightness, 0.0, 0.0) for lightness in _NEUTRALS]
    for chroma, hues in _HUES.items():
        for lightness in _LIGHTNESS[chroma]:
            for i in range(hues):
                angle = 2 * math.pi * i / hues
                points.append((lightness, chroma * math.cos(angle), chroma * math.sin(angle)))
    return np.asarray(points, np.float32)


COLOUR_DIM: Final = len(_NEUTRALS) + sum(hues * len(_LIGHTNESS[chroma]) for chroma, hues in _HUES.items())


@functools.cache
def _linear_light() -> NDArray[np.float32]:
    """Linear light of each sRGB byte, IEC 61966-2-1."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


# Rows give X, Y, Z of linear sRGB, each divided by the D65 white point.
TO_XYZ: Final = np.asarray(
    [
        [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
    ],
    np.float32,
)
"""(3, 3) linear sRGB to X, Y, Z over the white point's."""


def lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert (..., 3) sRGB bytes to (..., 3) L* (0 to 100), a*, b*."""
    xyz = _linear_light()[pixels] @ TO_XYZ.T
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def colour_block(pixels: NDArray[np.uint8], mask: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Return the colour block of a garment picture.

    Args:
        pixels: (h, w, 3) uint8 RGB; best about SIDE x SIDE.
        mask: (h, w) weights 0 to 1 of the garment's pixels. Without one, colours that are also at the border of the
            picture count for less, since they are probably background.

    Returns:
        (COLOUR_DIM,) float32 of unit length.

    Raises:
        VectorError: ``pixels`` has another shape.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise VectorError(f"colour needs (h, w, 3) pixels, not {pixels.shape}")
    height, width = pixels.shape[:2]
    points = lab(pixels).reshape(-1, 3)
    if mask is not None and float(mask.sum()) > 0:
        (histogram,) = _histograms(points, mask.reshape(1, -1).astype(np.float32))
    else:
        inside, outside = _histograms(points, _middle_and_border(height, width))
        histogram = inside**2 / (inside + outside + 1e-6)
    raised = histogram**_POWER
    unit: NDArray[np.float32] = (raised / np.linalg.norm(raised)).astype(np.float32)
    return unit


@functools.cache
def bin_planes() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return slope (3, bins) and offset (bins,): ``softmax(lab @ slope + offset)`` is a pixel's share of each bin.

    The term of the squared distance that is the same for all bins cancels out in the softmax.
    """
    bins = centres() * _AXES
    slope = np.ascontiguousarray((bins * _AXES).T) / np.float32(_SPREAD**2)
    offset = (bins**2).sum(1) * np.float32(-0.5 / _SPREAD**2)
    return slope.astype(np.float32), offset.astype(np.float32)


def squared_axes() -> NDArray[np.float32]:
    """Return the (3,) factors of the term that cancels out: ``(lab**2 * factors).sum()``."""
    return (_AXES**2 / np.float32(2 * _SPREAD**2)).astype(np.float32)


def _histograms(points: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, bins) histograms of (n, 3) Lab points under (k, n) weights.

    Pieces of 128 points stay in the processor's cache and are too small for the matrix product to start threads, which
    is several times as fast as all points at once when several pictures are processed in parallel.
    """
    slope, offset = bin_planes()
    total = np.zeros((len(weights), len(offset)), np.float32)
    for start in range(0, len(points), _PIECE):
        share = points[start : start + _PIECE] @ slope
        share += offset
        # Subtracting the row's largest keeps the nearest bin's exponent at 0: no point is lost by underflow.
        share -= share.max(axis=1, keepdims=True)
        np.exp(share, out=share)
        total += (weights[:, start : start + _PIECE] / share.sum(axis=1)) @ share
    return total


@functools.lru_cache(maxsize=8)
def _middle_and_border(height: int, width: int) -> NDArray[np.float32]:
    """(2, pixels) weights, each row summing to 1: a bell over the middle, and the outer frame."""
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    middle = np.exp(-2.0 * (y[:, None] ** 2 + x[None] ** 2))
    border = np.maximum(np.abs(y)[:, None], np.abs(x)[None]) > 0.9
    rows = (middle / middle.sum(), border / max(border.sum(), 1))
    return np.stack([row.astype(np.float32).reshape(-1) for row in rows])
