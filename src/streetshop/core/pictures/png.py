"""The cost of a PNG, from its chunks (PNG specification, third edition)."""

from __future__ import annotations

import struct
from typing import Final

from streetshop.core.errors import PhotoTooManyPixels
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import (
    MAX_FRAMES,
    MAX_PIXEL_PARTS,
    PhotoLimits,
    check_metadata,
    check_size,
    too_costly,
)

_GREY_OR_PALETTE: Final = frozenset({0, 3})


def inspect_png(data: bytes, limits: PhotoLimits) -> Header:
    """Walk the chunks. Raises PhotoError outside the limits, ValueError or struct.error if malformed."""
    size: tuple[int, int] | None = None
    depth = colour = interlaced = 0
    parts = metadata = pixel_parts = 0
    position = 8
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IEND":
            break
        if kind in (b"IDAT", b"fdAT"):
            pixel_parts += 1
            if pixel_parts > MAX_PIXEL_PARTS:
                raise too_costly(f"a PNG of more than {MAX_PIXEL_PARTS} chunks of pixels")
        else:
            parts, metadata = parts + 1, metadata + length
            check_metadata(min(metadata, len(data)), parts)
        if kind == b"IHDR":
            if size is not None:
                raise ValueError("two IHDR chunks")
            width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, position + 8)
            check_size(width, height, limits)
            size = (width, height)
        elif kind == b"acTL":
            (frames,) = struct.unpack_from(">I", data, position + 8)
            if frames > MAX_FRAMES:
                raise PhotoTooManyPixels(f"an animation of {frames} frames", hint="Send a still picture")
        position += length + 12
    if size is None:
        raise ValueError("no IHDR chunk")
    pixels = size[0] * size[1]
    stored = (2 if depth == 16 else 1) if colour in _GREY_OR_PALETTE else 4
    return Header(size, work=pixels * (2 if interlaced else 1), memory=0, output=pixels * stored)
