"""Conversion between linear light and sRGB, and a box blur."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.mesh import Array

LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_BRIGHTEST = 1.6


@lru_cache(maxsize=1)
def _srgb_table() -> NDArray[np.uint8]:
    """Values for 65,536 levels of linear light up to _BRIGHTEST; a soft shoulder avoids hard clipping."""
    x = np.linspace(0, _BRIGHTEST, 65536)
    x = np.where(x > 0.75, 0.75 + 0.25 * np.tanh((x - 0.75) / 0.25 * 0.8), x)
    return np.asarray(np.clip(x ** (1 / 2.2) * 255 + 0.5, 0, 255), np.uint8)


def to_srgb(linear: Array) -> NDArray[np.uint8]:
    """Linear light to 8-bit sRGB."""
    level = np.clip(linear, 0, _BRIGHTEST) * np.float32(65535 / _BRIGHTEST)
    return _srgb_table()[level.astype(np.uint16)]


def to_linear(srgb: NDArray[np.uint8]) -> Array:
    """8-bit sRGB to linear light."""
    return LINEAR[srgb]


def box_blur(values: Array, radius: int, times: int = 2) -> Array:
    """Mean over squares of 2 ``radius`` + 1 pixels, ``times`` times; edges are repeated."""
    for _ in range(times):
        for axis in (0, 1):
            padded = np.pad(values, [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            total = np.cumsum(padded, axis=axis, dtype=np.float64)
            width = 2 * radius + 1
            upper = np.take(total, range(width, total.shape[axis]), axis=axis)
            lower = np.take(total, range(0, total.shape[axis] - width), axis=axis)
            values = ((upper - lower) / width).astype(np.float32)
    return values
