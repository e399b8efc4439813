"""HEVC sequence parameter sets written by hand: profiles of sub-layers, escapes, sets inside the picture."""

from __future__ import annotations

import struct

import pytest

from streetshop.core.errors import PhotoTooCostly
from streetshop.core.pictures.hevc import hevc_size


def golomb(value: int) -> str:
    text = format(value + 1, "b")
    return "0" * (len(text) - 1) + text


def sps(width: int, height: int, *, layers: int = 0, chroma: int = 1) -> bytes:
    """A sequence parameter set up to its size, with escapes."""
    text = "0000" + format(layers, "03b") + "1" + "0" * 88 + "0" * 8
    if layers:
        text += "11" * layers + "00" * (8 - layers) + ("0" * 96) * layers
    text += golomb(0) + golomb(chroma) + ("0" if chroma == 3 else "") + golomb(width) + golomb(height)
    text += "1" * (-len(text) % 8)
    body = int("1" + text, 2).to_bytes(len(text) // 8 + 1, "big")[1:]
    escaped, zeros = bytearray(), 0
    for byte in body:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes([33 << 1, 1]) + bytes(escaped)


def config(*units: bytes) -> bytes:
    arrays = b"".join(b"\x21" + struct.pack(">HH", 1, len(unit)) + unit for unit in units)
    return bytes(21) + b"\x03" + bytes([len(units)]) + arrays


def framed(unit: bytes) -> bytes:
    return struct.pack(">I", len(unit)) + unit


@pytest.mark.parametrize("layers", [0, 2, 6])
@pytest.mark.parametrize("chroma", [0, 1, 3])
def test_the_size_behind_all_that_may_come_before_it(layers: int, chroma: int) -> None:
    assert hevc_size(config(sps(8192, 6016, layers=layers, chroma=chroma)), b"") == (8192, 6016)


def test_a_set_inside_the_picture_counts() -> None:
    """The settings claim 64 x 64; the stream brings another set, which the decoder would use."""
    stream = framed(bytes([20 << 1, 1]) + bytes(50)) + framed(sps(16_000, 15_000))
    assert hevc_size(config(sps(64, 64)), stream) == (16_000, 15_000)
    assert hevc_size(config(), stream) == (16_000, 15_000)
    assert hevc_size(config(), framed(b"\x28\x01no set")) is None


def test_units_are_counted() -> None:
    with pytest.raises(PhotoTooCostly):
        hevc_size(config(sps(64, 64)), framed(b"") * 5000)


@pytest.mark.parametrize("settings", [b"", bytes(22), config(sps(64, 64))[:-20], config(sps(64, 64)[:8])])
def test_malformed(settings: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        hevc_size(settings, b"")
