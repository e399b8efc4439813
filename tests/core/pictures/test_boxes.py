"""Boxes: bounds, large sizes, the last one without a size."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import PhotoTooCostly
from streetshop.core.pictures.boxes import Box, Numbers, boxes


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def test_every_form_of_size() -> None:
    data = (
        box(b"free", b"abc") + struct.pack(">I4sQ", 1, b"mdat", 18) + b"xy" + struct.pack(">I4s", 0, b"skip") + b"end"
    )
    found = boxes(data, 0, len(data))
    assert [(one.kind, data[one.start : one.end]) for one in found] == [
        (b"free", b"abc"),
        (b"mdat", b"xy"),
        (b"skip", b"end"),
    ]


def test_a_path_of_boxes() -> None:
    inner = box(b"stbl", box(b"stsz", b"\x01\x00\x00\x02" + struct.pack(">HI", 7, 9)))
    root = Box(inner, b"minf", 0, len(inner))
    found = root.find(b"stbl", b"stsz")
    assert found is not None
    assert (found.version, found.flags, found.size) == (1, 2, 6)
    numbers = Numbers(found)
    assert (numbers.take(2), numbers.take(0), numbers.take(4)) == (7, 0, 9)
    with pytest.raises(ValueError, match="ends early"):
        numbers.take(1)
    assert root.find(b"stbl", b"none", b"stsz") is None


@pytest.mark.parametrize("size", [2, 7, 9, 2**32 - 1])
def test_a_box_that_does_not_fit(size: int) -> None:
    data = struct.pack(">I4s", size, b"free")
    with pytest.raises(ValueError, match="does not fit"):
        boxes(data, 0, len(data))


def test_boxes_are_counted() -> None:
    data = box(b"free") * 5000
    with pytest.raises(PhotoTooCostly):
        boxes(data, 0, len(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_boxes_or_an_error(data: bytes) -> None:
    try:
        found = boxes(data, 0, len(data))
    except ValueError:
        return
    assert all(0 <= one.start - 8 <= one.end <= len(data) or one.size < 0 for one in found)
