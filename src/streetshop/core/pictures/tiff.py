"""The cost of the first page of a TIFF, from its directory (TIFF 6.0)."""

from __future__ import annotations

import struct
from typing import Final

from streetshop.core.errors import PhotoFormatUnsupported
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import MAX_METADATA, MAX_PARTS, PhotoLimits, check_area, check_size, too_costly

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _STRIPS = 256, 257, 258, 259, 277, 273
_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT, _TILES = 278, 322, 323, 324
_PIXEL_DATA: Final = frozenset({_STRIPS, 279, _TILES, 325})
"""Where strips and tiles lie, and how long they are."""
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of a value by its type."""
_COMPRESSIONS: Final = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
"""None, fax, LZW, JPEG, deflate, PackBits."""
_MAX_SAMPLES: Final = 5
_MAX_STRIPS: Final = 262_144


def inspect_tiff(data: bytes, limits: PhotoLimits) -> Header:
    """Read the first directory.

    Raises:
        PhotoError: outside the limits, or compressed in a way that is not read.
        ValueError, struct.error: malformed.
    """
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    if count > MAX_PARTS:
        raise too_costly(f"a directory of more than {MAX_PARTS} entries")
    tags: dict[int, int] = {}
    metadata = 0
    for number in range(count):
        at = start + 2 + 12 * number
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, at)
        size = _SIZES.get(kind, 1) * length
        if tag in _PIXEL_DATA:
            if length > _MAX_STRIPS:
                raise too_costly(f"a TIFF of more than {_MAX_STRIPS} strips")
        else:
            metadata += size
        if metadata > MAX_METADATA:
            raise too_costly(f"more than {MAX_METADATA / 2**20:.0f} MiB of metadata")
        where = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
        if kind in (3, 4) and length:
            if tag == _BITS:
                tags[tag] = max(struct.unpack_from(f"{order}{min(length, 16)}{'H' if kind == 3 else 'I'}", data, where))
            else:
                (tags[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, where)
    width, height = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)
    if not width or not height:
        raise ValueError("no size")
    check_size(width, height, limits)
    if tags.get(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise PhotoFormatUnsupported(
            f"a TIFF with compression {tags[_COMPRESSION]}", hint="Save it again as JPEG, PNG or WebP"
        )
    samples, bits = tags.get(_SAMPLES, 1), tags.get(_BITS, 1)
    if samples > _MAX_SAMPLES or bits > 32:
        raise too_costly(f"a TIFF of {samples} samples of {bits} bits per pixel")
    tile = (tags.get(_TILE_WIDTH, width), tags.get(_TILE_HEIGHT, min(tags.get(_ROWS_PER_STRIP, height), height)))
    # A tile at the edge reaches beyond the picture.
    check_area(*tile, limits)
    pixel = samples * -(-bits // 8)
    pixels = width * height
    return Header(None, work=2 * pixels, memory=2 * pixel * tile[0] * tile[1], output=(4 + 2 * pixel) * pixels)
