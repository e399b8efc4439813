"""The formats that are read: told by content, never by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PIL import Image

from streetshop.core.pictures.bmp import HEADERS

PICTURE_SUFFIXES: Final = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".png", ".apng", ".webp", ".avif", ".avifs"),
        *(".heic", ".heif", ".hif", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    }
)
"""Suffixes of the files that are taken for pictures in a folder. The format of a file is decided by its content."""

_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
_EITHER_BRANDS: Final = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
_MAX_BRANDS: Final = 64


def sniff_format(data: bytes, *, more: bool = False) -> str | None:
    """Return Pillow's name of the format that ``data`` begins like; None if it is not allowed or cannot be decoded.

    Args:
        data: the file, or its first few hundred bytes.
        more: whether GIF, BMP and TIFF are allowed.
    """
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        kind = _iso_media_format(data)
        return kind if kind and _can_decode(kind) else None
    return _other_format(data) if more else None


def _iso_media_format(data: bytes) -> str | None:
    """AVIF or HEIF, by the brand of the file and those that it is compatible with (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MAX_BRANDS)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIF_BRANDS:
            return "HEIF"
    if not _EITHER_BRANDS.isdisjoint(brands):
        return "AVIF" if b"av01" in data[:4096] and b"hvc1" not in data[:4096] else "HEIF"
    return None


def _other_format(data: bytes) -> str | None:
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:4] in (b"II*\0", b"MM\0*"):
        return "TIFF"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in HEADERS:
        return "BMP"
    return None


def readable_formats(*, more: bool = False) -> list[str]:
    """Return the names of the formats that can be read on this machine."""
    names = (name for name, kind in (("AVIF", "AVIF"), ("HEIC", "HEIF")) if _can_decode(kind))
    return ["JPEG", "PNG", "WebP", *names, *(("GIF", "BMP", "TIFF") if more else ())]


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
    "GIF": lambda data: b";" not in data[-64:],
    "BMP": lambda data: int.from_bytes(data[2:6], "little") > len(data),
    "TIFF": lambda data: int.from_bytes(data[4:8], "little" if data[:2] == b"II" else "big") > len(data),
}
