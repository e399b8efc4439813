"""JPEGs that cost time: scans are counted before anything is decoded, however they are hidden."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetshop.core.errors import PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.jpeg import inspect_jpeg
from streetshop.core.pictures.limits import DEFAULT_LIMITS, MAX_METADATA, MAX_REDUCIBLE, MAX_SCANS, PhotoLimits
from tests.core.pictures.hostile import many_scans, noise, saved, segment


def test_hundreds_of_scans_are_refused_undecoded() -> None:
    """The attack: 154 KB that keep libjpeg busy for half a minute."""
    attack = many_scans(8000, 8000, 300)
    assert 150_000 < len(attack) < 160_000
    with pytest.raises(PhotoTooCostly, match="more than 64 scans"):
        Photo.from_bytes(attack)
    # The same picture with few scans is valid: it is the number that is refused.
    assert Photo.from_bytes(many_scans(80, 80, MAX_SCANS)).width == 80


@pytest.mark.parametrize(
    "between",
    [
        b"\xff\xff\xff",
        b"\xff\xd0",
        b"\xff\x01",
        segment(0xFE, b"a comment with \xff\xd9 in it"),
        segment(0xE1, b"\xff\xd9" * 20),
        segment(0xDD, b"\x00\x01"),
        b"\xff\xfe\x00\x00",
        b"garbage",
    ],
    ids=["fill", "restart", "tem", "comment", "end in a segment", "restart interval", "no length", "garbage"],
)
def test_scans_are_counted_behind_anything(between: bytes) -> None:
    with pytest.raises(PhotoTooCostly):
        Photo.from_bytes(many_scans(80, 80, 100, between))


def test_scans_hidden_from_a_walk_by_lengths_are_counted() -> None:
    """In a scan with restarts, libjpeg skips reserved markers without their length."""
    hidden = many_scans(80, 80, 100, b"\xff\x02\xff\xff")
    with pytest.raises(PhotoTooCostly):
        Photo.from_bytes(hidden)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"progressive": True, "subsampling": 0}])
def test_photos_pass_with_what_follows_them(options: dict[str, object]) -> None:
    """Phones append films and depth maps, which are full of markers, and further pictures."""
    photo = saved(noise(320, 240), "JPEG", quality=95, **options)
    film = b"\xff\xda\x00\x08" * 5000
    header = inspect_jpeg(photo, DEFAULT_LIMITS)
    assert header.size == (320, 240)
    assert inspect_jpeg(photo + photo + film, DEFAULT_LIMITS) == header
    assert (Photo.from_bytes(photo + film).pixels == Photo.from_bytes(photo).pixels).all()


def test_megabytes_of_metadata_are_refused() -> None:
    photo = saved(noise(64, 64), "JPEG")
    piece = segment(0xE2, bytes(65_000))
    pieces = MAX_METADATA // 65_000
    assert Photo.from_bytes(photo[:2] + piece * (pieces - 1) + photo[2:]).width == 64
    with pytest.raises(PhotoTooCostly, match="metadata"):
        Photo.from_bytes(photo[:2] + piece * (pieces + 1) + photo[2:])
    with pytest.raises(PhotoTooCostly, match="pieces"):
        Photo.from_bytes(photo[:2] + segment(0xFE, b"") * 5000 + photo[2:])


def test_the_size_of_any_frame_header_counts() -> None:
    photo = saved(noise(64, 64), "JPEG")
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(photo, limits=PhotoLimits(max_pixels=64 * 64 // MAX_REDUCIBLE - 1))


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_insertion_is_an_error_or_a_size_that_pillow_agrees_with(inserted: bytes, at: int) -> None:
    photo = saved(noise(48, 32), "JPEG", progressive=True)
    changed = photo[: 2 + at] + inserted + photo[2 + at :]
    try:
        header = inspect_jpeg(changed, DEFAULT_LIMITS)
        opened = Image.open(io.BytesIO(changed), formats=["JPEG"])
        opened.load()
    except Exception:  # refused by either
        return
    assert header.size == opened.size
