"""The size that an AV1 decoder will make, from the sequence header (AV1 specification, 5.3 to 5.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streetshop.core.pictures.bits import Bits
from streetshop.core.pictures.limits import MAX_LAYERS, MAX_PARTS, too_costly

_SEQUENCE_HEADER: Final = 1
_FRAMES: Final = frozenset({3, 6})
_HEADER_BYTES: Final = 256


def av1_size(stream: bytes) -> tuple[int, int] | None:
    """The largest width and height of the sequence headers in a stream of OBUs, None if there is none.

    A frame may name a smaller size; one that names a larger is invalid.

    Raises:
        PhotoTooCostly: more frames than a picture has layers.
        ValueError, IndexError: malformed.
    """
    width = height = frames = 0
    for number, (kind, start, end) in enumerate(_units(stream)):
        if number > MAX_PARTS:
            raise too_costly(f"a coded picture of more than {MAX_PARTS} units")
        if kind == _SEQUENCE_HEADER:
            w, h = _sequence_size(Bits(stream[start : min(end, start + _HEADER_BYTES)]))
            width, height = max(width, w), max(height, h)
        elif kind in _FRAMES:
            frames += 1
            if frames > MAX_LAYERS:
                raise too_costly(f"a picture of more than {MAX_LAYERS} layers")
    return (width, height) if width else None


def av1_frames(stream: bytes) -> int:
    """The number of frames in a stream of OBUs: a decoder makes them all, and shows one."""
    return sum(kind in _FRAMES for kind, _, _ in _units(stream))


def _units(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, start and end of the content of each OBU."""
    position = 0
    while position < len(stream):
        head = stream[position]
        position += 2 if head & 4 else 1
        end = len(stream)
        if head & 2:
            length, position = _leb128(stream, position)
            end = position + length
        yield head >> 3 & 15, position, end
        position = end


def _leb128(stream: bytes, position: int) -> tuple[int, int]:
    """A number in groups of seven bits, and the position after it."""
    value = 0
    for group in range(8):
        byte = stream[position + group]
        value |= (byte & 127) << 7 * group
        if byte < 128:
            return value, position + group + 1
    raise ValueError("a length of over eight bytes")


def _sequence_size(bits: Bits) -> tuple[int, int]:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced header of a still picture
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = 0
    timing = bits.take(1)
    model = 0
    if timing:
        bits.take(64)
        if bits.take(1):
            bits.exp_golomb()
        model = bits.take(1)
        if model:
            delay_bits = bits.take(5) + 1
            bits.take(42)
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # the level has a tier
            bits.take(1)
        if model and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if delays and bits.take(1):
            bits.take(4)
