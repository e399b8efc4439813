"""Formats are told by content; whether a damaged file was cut off decides what the error advises."""

from __future__ import annotations

import pytest

from streetshop.core.photo import Photo
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


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_more_formats_for_feeds(kind: str) -> None:
    data = saved(noise(32, 32), kind)
    assert sniff_format(data) is None
    assert sniff_format(data, more=True) == kind
    assert kind in readable_formats(more=True)
    assert not ends_early(data, kind)


@pytest.mark.parametrize("data", [b"BM" + bytes(100), b"GIF90a", b"II+\0", b"BMW 3 series, id,image"])
def test_what_only_begins_alike(data: bytes) -> None:
    assert sniff_format(data, more=True) is None


@pytest.mark.parametrize("major", [b"mif1", b"msf1", b"miaf", b"MA1B"])
def test_compatible_brands_decide(major: bytes) -> None:
    avif = saved(noise(32, 48), "AVIF")
    assert sniff_format(avif[:8] + major + avif[12:]) == "AVIF"
    assert Photo.from_bytes(avif[:8] + major + avif[12:]).height == 48
    none = b"\0\0\0\x18ftyp" + major + b"\0\0\0\0mp42isom"
    assert sniff_format(none) != "AVIF"


def test_the_formats_are_named_for_people() -> None:
    assert readable_formats()[:3] == ["JPEG", "PNG", "WebP"]
    assert {".jpg", ".png", ".webp", ".avif", ".heic"} < PICTURE_SUFFIXES


@pytest.mark.parametrize(("size", "early"), [(0, False), (4, False), (20, False), (200, True)])
def test_boxes_that_are_no_box(size: int, early: bool) -> None:
    data = size.to_bytes(4, "big") + b"ftypavif" + bytes(8)
    assert ends_early(data, "AVIF") == early
