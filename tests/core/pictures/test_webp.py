"""WebPs that cost time or memory are refused by their chunks."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from streetshop.core.errors import PhotoError, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.limits import DEFAULT_LIMITS, MAX_METADATA, MAX_PARTS, PhotoLimits
from streetshop.core.pictures.webp import inspect_webp
from tests.core.pictures.hostile import noise, saved


def with_chunk(webp: bytes, kind: bytes, body: bytes, times: int = 1) -> bytes:
    grown = webp + (kind + struct.pack("<I", len(body)) + body) * times
    return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:]


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*"}, {"save_all": True}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_layout_has_its_size(options: dict[str, object], mode: str) -> None:
    picture = noise(200, 100, mode)
    more = {"append_images": [picture.rotate(90)]} if "save_all" in options else {}
    header = inspect_webp(saved(picture, "WEBP", **options, **more), DEFAULT_LIMITS)
    assert header.size == (200, 100)


def test_metadata_and_chunks_are_counted() -> None:
    webp = saved(noise(64, 64), "WEBP", exif=b"Exif\0\0MM\0*")
    for kind in (b"XMP ", b"EXIF", b"ICCP", b"nope"):
        with pytest.raises(PhotoTooCostly):
            Photo.from_bytes(with_chunk(webp, kind, bytes(MAX_METADATA)))
    with pytest.raises(PhotoTooCostly):
        Photo.from_bytes(with_chunk(webp, b"nope", b"", MAX_PARTS))


def test_a_picture_larger_than_its_canvas_is_refused() -> None:
    """The canvas says 64 x 64, the coded frame is larger."""
    webp = bytearray(saved(noise(400, 300, "RGBA"), "WEBP", exif=b"Exif\0\0MM\0*"))
    at = webp.find(b"VP8X") + 12
    webp[at : at + 6] = (63).to_bytes(3, "little") * 2
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(bytes(webp), limits=PhotoLimits(max_pixels=64 * 64))
    with pytest.raises(PhotoError):
        Photo.from_bytes(bytes(webp))


def test_frames_are_counted() -> None:
    frames = [Image.new("RGB", (16, 16), (i % 256, i * 37 % 256, 0)) for i in range(300)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(PhotoTooManyPixels, match="256 frames"):
        inspect_webp(data, DEFAULT_LIMITS)
