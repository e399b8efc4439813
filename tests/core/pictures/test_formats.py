"""Formats are told by content; whether a damaged file was cut off decides what the error advises."""

from __future__ import annotations

import pytest

from streetshop.core.pictures.formats import PICTURE_SUFFIXES, ends_early, readable_formats, sniff_format
from tests.core.pictures.hostile import noise, saved


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_content_decides(kind: str) -> None:
    data = saved(noise(32, 32), kind)
    assert sniff_format(data) == kind
    assert not ends_early(data, kind)
    assert ends_early(data[: len(data) // 2], kind)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"GIF89a", b"RIFF1234WAVE", b"1234ftypmp42", b"II*\0"])
def test_others_are_not_on_the_list(data: bytes) -> None:
    assert sniff_format(data) is None


def test_the_formats_are_named_for_people() -> None:
    assert readable_formats()[:3] == ["JPEG", "PNG", "WebP"]
    assert {".jpg", ".png", ".webp", ".avif", ".heic"} < PICTURE_SUFFIXES


@pytest.mark.parametrize(("size", "early"), [(0, False), (4, False), (20, False), (200, True)])
def test_boxes_that_are_no_box(size: int, early: bool) -> None:
    data = size.to_bytes(4, "big") + b"ftypavif" + bytes(8)
    assert ends_early(data, "AVIF") == early
