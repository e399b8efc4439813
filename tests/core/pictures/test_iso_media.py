"""AVIF and HEIC: what the coded pictures say counts, not what the file claims."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import PhotoDamaged, PhotoError, PhotoFormatUnsupported, PhotoTooCostly, PhotoTooManyPixels
from streetshop.core.photo import Photo
from streetshop.core.pictures.iso_media import inspect_iso_media
from streetshop.core.pictures.limits import DEFAULT_LIMITS, PhotoLimits
from tests.core.pictures.hostile import noise, saved, with_claimed_size, with_frames


def avif(width: int = 200, height: int = 120, mode: str = "RGB", **options: object) -> bytes:
    picture = noise(width, height, mode)
    if mode == "RGBA":
        picture.putalpha(noise(width, height, "L"))
    return saved(picture, "AVIF", speed=10, **options)


def heic(width: int = 200, height: int = 120, quality: int = 60) -> bytes:
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    heif.from_pillow(noise(width, height)).save(stream, quality=quality)
    return stream.getvalue()


@pytest.mark.parametrize("make", [avif, heic])
def test_a_small_claim_does_not_hide_a_large_picture(make) -> None:
    file = make(400, 300)
    limits = PhotoLimits(max_pixels=300 * 300)
    lying = with_claimed_size(file, 64, 64)
    assert lying != file
    for data in (file, lying):
        with pytest.raises(PhotoTooManyPixels):
            Photo.from_bytes(data, limits=limits)
        with pytest.raises(PhotoTooManyPixels, match="400 x "):
            inspect_iso_media(data, limits)


@pytest.mark.parametrize("make", [avif, heic])
def test_a_large_claim_is_refused(make) -> None:
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(with_claimed_size(make(), 60_000, 60_000))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_pictures_and_their_transparency_are_read(mode: str) -> None:
    data = avif(mode=mode, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    header = inspect_iso_media(data, DEFAULT_LIMITS)
    assert header.work == 2 * 200 * 120 * (2 if mode == "RGBA" else 1) + len(data)
    assert Photo.from_bytes(data).width == 200


@pytest.mark.parametrize("size", [(16, 16), (17, 33), (640, 480), (1921, 1079)])
@pytest.mark.parametrize("make", [avif, heic])
def test_the_size_is_at_least_the_decoders(make, size: tuple[int, int]) -> None:
    data = make(*size)
    photo = Photo.from_bytes(data)
    assert (photo.width, photo.height) == size
    work = (inspect_iso_media(data, DEFAULT_LIMITS).work - len(data)) / 2
    assert size[0] * size[1] <= work <= (size[0] + 64) * (size[1] + 64)


def test_every_frame_that_the_decoder_makes_counts() -> None:
    one = avif(640, 480, quality=20)
    several = with_frames(one, 5)
    assert Photo.from_bytes(several).width == 640
    header = inspect_iso_media(several, DEFAULT_LIMITS)
    assert header.work == 5 * 2 * 640 * 480 + len(several)
    assert header.output == 5 * inspect_iso_media(one, DEFAULT_LIMITS).output


@pytest.mark.parametrize("make", [lambda q: avif(quality=q), lambda q: heic(quality=q)], ids=["avif", "heic"])
def test_the_bytes_of_the_stream_count(make) -> None:
    small, large = make(5), make(95)
    least, most = (inspect_iso_media(data, DEFAULT_LIMITS).work for data in (small, large))
    assert most - least >= len(large) - len(small) > 0


def test_frames_of_an_animation_are_checked() -> None:
    file = avif(400, 300, save_all=True, append_images=[noise(400, 300).rotate(180)])
    assert file[8:12] == b"avis"
    assert Photo.from_bytes(file).width == 400
    with pytest.raises(PhotoTooManyPixels):
        Photo.from_bytes(with_claimed_size(file, 64, 64), limits=PhotoLimits(max_pixels=300 * 300))


def test_items_may_not_lie_over_each_other() -> None:
    """A length that reaches over the file, for every extent: a decoder would join them."""
    file = bytearray(avif(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"))
    whole = Image.open(io.BytesIO(bytes(file))).size
    assert whole == (200, 120)
    at = file.find(b"iloc") + 8
    # version 0, offsets and lengths of four bytes: per item an id, a reference, a count of 1, offset and length
    (count,) = struct.unpack_from(">H", file, at + 2)
    assert count == 2
    for item in range(count):
        struct.pack_into(">II", file, at + 4 + item * 14 + 6, 0, len(file))
    with pytest.raises(PhotoTooCostly, match="over each other"):
        Photo.from_bytes(bytes(file))


def test_parts_of_unknown_kinds_are_refused() -> None:
    file = avif().replace(b"av01Color", b"unciColor").replace(b"\0\0av01", b"\0\0unci")
    with pytest.raises(PhotoFormatUnsupported, match="unci"):
        Photo.from_bytes(file)


def test_a_picture_without_a_size_is_refused() -> None:
    """Neither the settings of the codec nor the coded picture hold a sequence header."""
    file = avif()
    at = file.find(b"av1C")
    assert at > 0
    place = file.rfind(b"mdat") + 4
    broken = file[:place] + bytes([0x12, 0]) + bytes(len(file) - place - 2)
    with pytest.raises(PhotoDamaged):
        Photo.from_bytes(broken.replace(b"av1C", b"free"))


@pytest.mark.parametrize("make", [avif, heic])
def test_damage_is_a_photo_error_or_a_photo(make) -> None:
    data = make(64, 48)
    rng = np.random.default_rng(7)
    for _ in range(400):
        changed = bytearray(data)
        for position in rng.integers(4, min(len(data), 600), size=rng.integers(1, 6)):
            changed[position] = rng.integers(256)
        try:
            inspect_iso_media(bytes(changed), DEFAULT_LIMITS)
        except (PhotoError, ValueError, IndexError):
            continue
