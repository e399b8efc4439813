"""BMPs of every depth, and those that cost time or memory."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import PhotoDamaged, PhotoError, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.bmp import inspect_bmp
from streetshop.core.pictures.limits import FEED_LIMITS, PhotoLimits
from tests.core.pictures.hostile import noise, saved


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_pixels_are_those_of_pillow(mode: str) -> None:
    picture = noise(61, 47, mode)
    photo = Photo.from_bytes(saved(picture, "BMP"), limits=FEED_LIMITS)
    assert (photo.pixels == np.asarray(picture.convert("RGB"))).all()


def _with(bmp: bytes, width: int, height: int, compression: int = 0) -> bytes:
    changed = bytearray(bmp)
    struct.pack_into("<ii", changed, 18, width, height)
    struct.pack_into("<I", changed, 30, compression)
    return bytes(changed)


def test_sizes_are_checked() -> None:
    bmp = saved(noise(64, 64), "BMP")
    assert inspect_bmp(_with(bmp, 64, -64), FEED_LIMITS).size == (64, 64)
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(_with(bmp, 100_000, 100_000), limits=FEED_LIMITS)
    with pytest.raises(PhotoTooCostly, match="run-length"):
        Photo.from_bytes(_with(bmp, 5000, 5000, 1), limits=FEED_LIMITS)
    with pytest.raises(PhotoError):
        Photo.from_bytes(_with(bmp, 5000, 5000), limits=FEED_LIMITS)
    with pytest.raises(PhotoDamaged, match="bits per pixel"):
        Photo.from_bytes(bmp[:28] + b"\x07\0" + bmp[30:], limits=FEED_LIMITS)


@given(st.integers(0, 100), st.binary(min_size=1, max_size=12))
def test_damaged_ones_are_typed_errors(at: int, change: bytes) -> None:
    bmp = saved(noise(40, 24, "P"), "BMP")
    with contextlib.suppress(PhotoError):
        Photo.from_bytes(
            bmp[:at] + change + bmp[at + len(change) :], limits=PhotoLimits(max_pixels=100_000, more_formats=True)
        )
