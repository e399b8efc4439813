"""The size that an HEVC decoder will make, from its sequence parameter sets (ITU-T H.265, 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streetshop.core.pictures.bits import Bits
from streetshop.core.pictures.limits import MAX_PARTS, too_costly

_SPS: Final = 33
_SPS_BYTES: Final = 256
_ESCAPE: Final = b"\x00\x00\x03"


def hevc_size(config: bytes, stream: bytes) -> tuple[int, int] | None:
    """The largest width and height of all sequence parameter sets, None if there is none.

    Args:
        config: content of the ``hvcC`` box, at least 23 bytes.
        stream: the coded picture, units with their lengths.

    Raises:
        PhotoTooCostly: more units than a picture has.
        ValueError, IndexError: malformed.
    """
    sizes = [_sps_size(unit) for unit in _config_units(config) if _is_sps(unit)]
    prefix = (config[21] & 3) + 1
    position = number = 0
    while position + prefix < len(stream):
        length = int.from_bytes(stream[position : position + prefix], "big")
        position += prefix
        number += 1
        if number > MAX_PARTS:
            raise too_costly(f"a coded picture of more than {MAX_PARTS} units")
        head = stream[position : position + min(length, _SPS_BYTES)]
        if _is_sps(head):
            sizes.append(_sps_size(head))
        position += length
    if not sizes:
        return None
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _config_units(config: bytes) -> Iterator[bytes]:
    position = 23
    for _ in range(config[22]):
        count = int.from_bytes(config[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            length = int.from_bytes(config[position : position + 2], "big")
            if position + 2 > len(config):
                raise ValueError("the configuration ends early")
            yield config[position + 2 : position + 2 + length]
            position += 2 + length


def _is_sps(unit: bytes) -> bool:
    return len(unit) > 2 and unit[0] >> 1 & 63 == _SPS


def _sps_size(unit: bytes) -> tuple[int, int]:
    bits = Bits(unit[2:_SPS_BYTES].replace(_ESCAPE, b"\x00\x00"))
    bits.take(4)
    sub_layers = bits.take(3)
    bits.take(1 + 88 + 8)  # profile, tier and level of the whole
    if sub_layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(8)]
        for profile, level in present[:sub_layers]:
            bits.take(88 * profile + 8 * level)
    bits.exp_golomb()  # the set's id
    if bits.exp_golomb() == 3:  # chroma without subsampling may be in planes of its own
        bits.take(1)
    return bits.exp_golomb(), bits.exp_golomb()
