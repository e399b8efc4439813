"""TIFFs of every kind that shops have, and those that cost time or memory."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetshop.core.errors import PhotoError, PhotoFormatUnsupported, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.limits import FEED_LIMITS, PhotoLimits
from streetshop.core.pictures.tiff import inspect_tiff
from tests.core.pictures.hostile import noise, saved


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK"])
def test_pixels_are_those_of_pillow(mode: str, compression: str | None) -> None:
    picture = noise(61, 47, mode)
    data = saved(picture, "TIFF", **({"compression": compression} if compression else {}))
    photo = Photo.from_bytes(data, limits=FEED_LIMITS)
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture.convert("RGB"))).max() <= 1


def test_the_first_page_is_read_upright() -> None:
    pages, turned = [noise(64, 48), noise(32, 32)], Image.Exif()
    turned[0x0112] = 6
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:] * 3, exif=turned)
    photo = Photo.from_bytes(stream.getvalue(), limits=FEED_LIMITS)
    assert (photo.width, photo.height) == (48, 64)
    assert (photo.pixels == np.asarray(pages[0].transpose(Image.Transpose.ROTATE_270))).all()


def tiff(*entries: tuple[int, int, int, int], rest: bytes = b"") -> bytes:
    """A little-endian TIFF of entries (tag, type, count, value)."""
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + body + rest


BASE = (
    (256, 4, 1, 64),
    (257, 4, 1, 64),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (273, 4, 1, 200),
    (277, 3, 1, 1),
)


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        (((256, 4, 1, 100_000), (257, 4, 1, 100_000)), PhotoTooManyPixels),
        (((322, 4, 1, 100_000), (323, 4, 1, 100_000)), PhotoTooManyPixels),
        (((277, 3, 1, 60_000),), PhotoTooCostly),
        (((258, 3, 1, 64),), PhotoTooCostly),
        (((273, 4, 1_000_000, 8),), PhotoTooCostly),
        (((700, 1, 90_000_000, 8),), PhotoTooCostly),
        (((259, 3, 1, 34712),), PhotoFormatUnsupported),
        (((256, 4, 1, 0),), PhotoError),
    ],
)
def test_costly_ones_are_refused(entries: tuple[tuple[int, int, int, int], ...], error: type[PhotoError]) -> None:
    tags = {entry[0]: entry for entry in (*BASE, *entries)}
    data = tiff(*(tags[tag] for tag in sorted(tags)), rest=bytes(5000))
    assert inspect_tiff(tiff(*BASE, rest=bytes(5000)), FEED_LIMITS).work == 2 * 64 * 64
    with pytest.raises(error):
        Photo.from_bytes(data, limits=FEED_LIMITS)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=12), st.booleans())
def test_damaged_ones_are_typed_errors(at: int, change: bytes, packed: bool) -> None:
    data = saved(noise(40, 24), "TIFF", **({"compression": "tiff_lzw"} if packed else {}))
    at += len(data) - 300 if packed else 0
    with contextlib.suppress(PhotoError):
        Photo.from_bytes(
            data[:at] + change + data[at + len(change) :], limits=PhotoLimits(max_pixels=100_000, more_formats=True)
        )
