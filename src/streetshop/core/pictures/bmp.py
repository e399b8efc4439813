"""The cost of a BMP, from its header."""

from __future__ import annotations

import struct
from typing import Final

from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import PhotoLimits, check_size, too_costly

HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Sizes of the headers of all versions."""
_RLE: Final = frozenset({1, 2})
_RLE_PIXELS: Final = 4_000_000
"""Most pixels of a run-length coded picture, which Pillow decodes in Python."""


def inspect_bmp(data: bytes, limits: PhotoLimits) -> Header:
    """Read the header.

    Raises:
        PhotoError: outside the limits.
        ValueError, struct.error: malformed.
    """
    (length,) = struct.unpack_from("<I", data, 14)
    if length == 12:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    elif length in HEADERS:
        width, height, _, depth, compression = struct.unpack_from("<iiHHI", data, 18)
    else:
        raise ValueError(f"a header of {length} bytes")
    width, height = abs(width), abs(height)  # rows from the top have a negative height
    check_size(width, height, limits)
    if depth not in (1, 2, 4, 8, 16, 24, 32):
        raise ValueError(f"{depth} bits per pixel")
    pixels = width * height
    if compression in _RLE and pixels > _RLE_PIXELS:
        raise too_costly(f"a run-length coded BMP of {pixels / 1e6:.0f} million pixels")
    return Header((width, height), work=pixels, memory=0, output=4 * pixels)
