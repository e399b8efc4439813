"""GIFs: the first frame, and those that cost time or memory."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import PhotoDamaged, PhotoError, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.gif import inspect_gif
from streetshop.core.pictures.limits import FEED_LIMITS, PhotoLimits
from tests.core.pictures.hostile import noise, saved


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_the_first_frame_is_read(mode: str) -> None:
    first, second = noise(64, 48, mode), noise(64, 48, mode).rotate(180)
    stream = io.BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=[second] * 300)
    photo = Photo.from_bytes(stream.getvalue(), limits=FEED_LIMITS)
    assert (photo.pixels == Photo.from_bytes(saved(first, "GIF"), limits=FEED_LIMITS).pixels).all()


def test_a_frame_larger_than_the_screen_counts() -> None:
    gif = bytearray(saved(noise(64, 48), "GIF"))
    gif[6:10] = b"\x10\x00\x10\x00"
    assert inspect_gif(bytes(gif), FEED_LIMITS).size == (64, 48)
    assert Photo.from_bytes(bytes(gif), limits=FEED_LIMITS).width == 64
    gif[6:10] = b"\xff\xff\xff\xff"
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(bytes(gif), limits=FEED_LIMITS)


def test_metadata_is_counted() -> None:
    gif = saved(noise(32, 32), "GIF")
    at = 13 + (3 << (gif[10] & 7) + 1)
    for block in (b"\xff" + bytes(255), b"\x01\x00"):
        comment = b"\x21\xfe" + block * (5 * 2**20 // len(block)) + b"\0"
        with pytest.raises(PhotoTooCostly):
            Photo.from_bytes(gif[:at] + comment + gif[at:], limits=FEED_LIMITS)


def test_without_a_frame_it_is_damaged() -> None:
    gif = saved(noise(32, 32), "GIF")
    with pytest.raises(PhotoError):
        Photo.from_bytes(gif[:13], limits=FEED_LIMITS)
    with pytest.raises(PhotoDamaged, match="no frame"):
        Photo.from_bytes(gif[:10] + b"\0" + gif[11:13] + b";" * 40, limits=FEED_LIMITS)


@given(st.integers(0, 700), st.binary(min_size=1, max_size=12))
def test_damaged_ones_are_typed_errors(at: int, change: bytes) -> None:
    gif = saved(noise(40, 24), "GIF")
    data = gif[: at % len(gif)] + change + gif[at % len(gif) + len(change) :]
    with contextlib.suppress(PhotoError):
        Photo.from_bytes(data, limits=PhotoLimits(max_pixels=100_000, more_formats=True))
