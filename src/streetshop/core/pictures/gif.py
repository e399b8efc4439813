"""The cost of the first frame of a GIF (GIF89a specification)."""

from __future__ import annotations

from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import PhotoLimits, check_metadata, check_size

_EXTENSION = 0x21
_FRAME = 0x2C


def inspect_gif(data: bytes, limits: PhotoLimits) -> Header:
    """Walk the blocks up to the first frame; further ones are not decoded.

    Raises:
        PhotoError: outside the limits.
        ValueError, IndexError: malformed.
    """
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    position = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    metadata = parts = 0
    while data[position] == _EXTENSION:
        position += 2
        while length := data[position]:
            position += length + 1
            metadata, parts = metadata + length, parts + 1
            check_metadata(metadata, parts // 16)
        position += 1
    if data[position] != _FRAME:
        raise ValueError("no frame")
    left, top, wide, high = (int.from_bytes(data[at : at + 2], "little") for at in range(position + 1, position + 9, 2))
    # A frame beyond the screen makes the picture larger.
    size = max(width, left + wide), max(height, top + high)
    check_size(*size, limits)
    pixels = size[0] * size[1]
    return Header(size, work=2 * pixels, memory=0, output=8 * pixels)
