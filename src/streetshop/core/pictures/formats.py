"""The formats that are read: told by content, never by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PIL import Image

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif"})
"""Suffixes of the files that are taken for pictures in a folder. The format of a file is decided by its content."""

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"heim", b"heis"})


def sniff_format(data: bytes) -> str | None:
    """Return Pillow's name of the format that ``data`` begins like; None if it is not allowed or cannot be decoded."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in (b"avif", b"avis"):
            return "AVIF" if _can_decode("AVIF") else None
        if brand in _HEIF_BRANDS:
            return "HEIF" if _can_decode("HEIF") else None
    return None


def readable_formats() -> list[str]:
    """Return the names of the formats that can be read on this machine."""
    return ["JPEG", "PNG", "WebP", *(name for name, kind in (("AVIF", "AVIF"), ("HEIC", "HEIF")) if _can_decode(kind))]


def _can_decode(kind: str) -> bool:
    Image.init()
    if kind == "HEIF" and kind not in Image.ID:
        try:
            import pillow_heif  # the optional extra `heic`
        except ImportError:
            return False
        pillow_heif.register_heif_opener()
    return kind in Image.ID


def ends_early(data: bytes, kind: str) -> bool:
    """Whether a damaged file of a format seems to be cut off."""
    return _ENDS_EARLY[kind](data)


def _jpeg_ends_early(data: bytes) -> bool:
    return b"\xff\xd9" not in data[-64:]


def _png_ends_early(data: bytes) -> bool:
    return b"IEND" not in data[-64:]


def _riff_ends_early(data: bytes) -> bool:
    return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)


def _iso_media_ends_early(data: bytes) -> bool:
    """Walk the top-level boxes: a whole file ends where the last of them does."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 0:
            return False
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            return False
        position += size
    return position != len(data)


_ENDS_EARLY: Final[dict[str, Callable[[bytes], bool]]] = {
    "JPEG": _jpeg_ends_early,
    "PNG": _png_ends_early,
    "WEBP": _riff_ends_early,
    "AVIF": _iso_media_ends_early,
    "HEIF": _iso_media_ends_early,
}
