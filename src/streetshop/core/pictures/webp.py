"""The cost of a WebP, from its chunks (RFC 9649)."""

from __future__ import annotations

from streetshop.core.errors import PhotoTooManyPixels
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import MAX_FRAMES, PhotoLimits, check_area, check_metadata, check_size

_BYTES_PER_PIXEL = 16
"""Two canvases of libwebp, the bytes of a frame, and Pillow's picture."""


def inspect_webp(data: bytes, limits: PhotoLimits) -> Header:
    """Walk the chunks. Raises PhotoError outside the limits, ValueError or IndexError if malformed."""
    canvas: tuple[int, int] | None = None
    frames = parts = metadata = 0
    position = 12
    while position + 8 <= len(data):
        kind, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        start = position + 8
        position = start + length + (length & 1)
        found = None
        if kind == b"VP8X":
            canvas = found = _three(data, start + 4), _three(data, start + 7)
        elif kind == b"ANMF":
            frames += 1
            if frames > MAX_FRAMES:
                raise PhotoTooManyPixels(f"an animation of more than {MAX_FRAMES} frames", hint="Send a still picture")
            found = _three(data, start + 6), _three(data, start + 9)
            position = start + 16  # the chunks of the frame follow
        elif kind in (b"VP8 ", b"VP8L"):
            found = _coded_size(data[start : start + 10], kind)
            canvas = canvas or found
        elif kind != b"ALPH":
            metadata += length
        parts += 1
        check_metadata(min(metadata, len(data)), parts)
        if found is not None:
            check_area(*found, limits)
    if canvas is None:
        raise ValueError("no picture in the file")
    check_size(*canvas, limits)
    pixels = canvas[0] * canvas[1]
    return Header(canvas, work=pixels * 2, memory=0, output=pixels * _BYTES_PER_PIXEL)


def _three(data: bytes, start: int) -> int:
    """A length minus one in three bytes."""
    return int.from_bytes(data[start : start + 3], "little") + 1


def _coded_size(start: bytes, kind: bytes) -> tuple[int, int]:
    """Width and height in the first bytes of a bitstream."""
    if kind == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
