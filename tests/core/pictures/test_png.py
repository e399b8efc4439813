"""PNGs that cost time or memory are refused by their chunks."""

from __future__ import annotations

import pytest

from streetshop.core.errors import PhotoDamaged, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.limits import DEFAULT_LIMITS, MAX_METADATA, MAX_PARTS, MAX_PIXEL_PARTS
from streetshop.core.pictures.png import inspect_png
from tests.core.pictures.hostile import chunk, grey_png, noise, saved, with_chunks


def test_the_cost_is_that_of_the_pixels_as_they_are_stored() -> None:
    for mode, stored in [("L", 1), ("P", 1), ("LA", 4), ("RGB", 4), ("RGBA", 4), ("I;16", 2)]:
        picture = noise(64, 32).convert("L") if mode == "I;16" else noise(64, 32, mode)
        header = inspect_png(saved(picture.convert("I;16") if mode == "I;16" else picture, "PNG"), DEFAULT_LIMITS)
        assert header.size == (64, 32)
        assert header.output == 64 * 32 * stored, mode


def test_metadata_and_chunks_are_counted() -> None:
    png = grey_png(32, 32)
    note = chunk(b"quTe", bytes(MAX_METADATA // 2))
    assert Photo.from_bytes(with_chunks(png, note)).width == 32
    with pytest.raises(PhotoTooCostly, match="metadata"):
        Photo.from_bytes(with_chunks(png, note * 2))
    with pytest.raises(PhotoTooCostly, match="pieces"):
        Photo.from_bytes(with_chunks(png, chunk(b"tEXt", b"a\0b") * MAX_PARTS))
    with pytest.raises(PhotoTooCostly, match="chunks of pixels"):
        Photo.from_bytes(with_chunks(png, chunk(b"IDAT", b"") * MAX_PIXEL_PARTS))


def test_metadata_behind_the_pixels_is_counted() -> None:
    png = grey_png(32, 32)
    with pytest.raises(PhotoTooCostly):
        Photo.from_bytes(png[:-12] + chunk(b"quTe", bytes(MAX_METADATA)) + png[-12:])


def test_a_second_header_is_refused() -> None:
    png, other = grey_png(32, 32), grey_png(64, 64)
    with pytest.raises(PhotoDamaged, match="two IHDR"):
        Photo.from_bytes(with_chunks(png, other[8:33]))


def test_frames_are_counted_by_the_header() -> None:
    animated = with_chunks(grey_png(32, 32), chunk(b"acTL", (100_000).to_bytes(4, "big") + bytes(4)))
    with pytest.raises(PhotoTooManyPixels, match="100000 frames"):
        Photo.from_bytes(animated)
