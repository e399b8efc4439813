"""AV1 sequence headers, as an encoder writes them and written by hand."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from streetshop.core.errors import PhotoTooCostly
from streetshop.core.pictures.av1 import av1_size


def obu(kind: int, body: bytes) -> bytes:
    return bytes([kind << 3 | 2, len(body)]) + body


def sequence(width: int, height: int, *, timing: bool = False, points: int = 1) -> bytes:
    """A full sequence header up to the size of its frames."""
    text = "000" + "0" + "0"  # profile, still picture, reduced header
    text += "1" if timing else "0"
    if timing:
        text += format(1, "032b") * 2 + "1" + "00100" + "1"  # ticks, equal intervals of 3, decoder model
        text += format(9, "05b") + format(1, "032b") + format(9, "05b") * 2
    text += "1" + format(points - 1, "05b")  # delays, operating points
    for _ in range(points):
        text += "0" * 12 + "01000" + "1"  # level 8 has a tier
        text += ("1" + "0" * 21) if timing else ""
        text += "1" + "0011"
    text += format(15, "04b") * 2 + format(width - 1, "016b") + format(height - 1, "016b")
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


@pytest.mark.parametrize("timing", [False, True])
@pytest.mark.parametrize("points", [1, 3])
def test_the_size_behind_all_that_may_come_before_it(timing: bool, points: int) -> None:
    assert av1_size(obu(2, b"") + obu(1, sequence(16_000, 12_345, timing=timing, points=points))) == (16_000, 12_345)


def test_the_largest_of_several_headers_counts() -> None:
    small, wide, high = (obu(1, sequence(*size)) for size in [(64, 64), (9000, 10), (10, 8000)])
    assert av1_size(small + wide + high) == (9000, 8000)
    assert av1_size(b"") is None
    assert av1_size(obu(2, b"") + obu(5, b"metadata")) is None


def test_an_encoders_header() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (333, 77)).save(stream, "AVIF")
    config = stream.getvalue().partition(b"av1C")[2][4:]
    data = stream.getvalue().partition(b"mdat")[2]
    assert (333, 77) in (av1_size(data), av1_size(config[:30]))


@pytest.mark.parametrize("unit", [obu(6, b"x"), obu(3, b"x"), obu(2, b"") * 600], ids=["frame", "header", "units"])
def test_layers_and_units_are_counted(unit: bytes) -> None:
    with pytest.raises(PhotoTooCostly):
        av1_size(obu(1, sequence(64, 64)) + unit * 9)


@pytest.mark.parametrize("stream", [b"\x0a", b"\x0a\xff", b"\x0a\x02\x00", b"\x0a" + b"\xff" * 20, b"\x0e"])
def test_malformed(stream: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        av1_size(stream)
