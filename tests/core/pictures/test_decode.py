"""Decoding of files: what the decoder finds must be what the header said, and errors say where and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import PhotoEmpty, PhotoError, PhotoTooLarge, PhotoTooManyPixels, PhotoTruncated
from streetshop.core.photo import Photo
from streetshop.core.pictures.decode import check_file, decode
from streetshop.core.pictures.limits import DEFAULT_LIMITS, MAX_REDUCIBLE, PhotoLimits
from tests.core.pictures.hostile import noise, saved


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_limit_of_pixels_holds_for_each_format(kind: str) -> None:
    data = saved(noise(320, 200), kind)
    assert decode(data, at_least=None, limits=PhotoLimits(max_pixels=320 * 200)).width == 320
    factor = MAX_REDUCIBLE if kind == "JPEG" else 1
    with pytest.raises(PhotoTooManyPixels) as refused:
        decode(data, at_least=None, limits=PhotoLimits(max_pixels=320 * 200 // factor - 1))
    assert refused.value.hint


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_over_the_limit_is_decoded_at_a_quarter(mode: str, options: dict[str, object]) -> None:
    picture = noise(640, 400, mode)
    turned = Image.Exif()
    turned[0x0112] = 6
    data = saved(picture, "JPEG", exif=turned, **options)
    limits = PhotoLimits(max_pixels=640 * 400 - 1)
    for at_least in (None, 16, 300):
        found = decode(data, at_least=at_least, limits=limits)
        assert (found.width, found.height) == (400, 640)
        assert found.image.size == ((100, 160) if at_least != 16 else found.image.size)
        assert min(found.image.size) >= 16
    expected = np.asarray(decode(data, at_least=100, limits=DEFAULT_LIMITS).image).astype(int)
    assert np.abs(np.asarray(decode(data, at_least=100, limits=limits).image).astype(int) - expected).mean() < 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_estimate_grows_with_the_picture(kind: str) -> None:
    peaks = [check_file(saved(noise(side, side), kind), DEFAULT_LIMITS)[1].peak(16) for side in (64, 512)]
    assert peaks[0] < peaks[1]
    at_full_size = check_file(saved(noise(512, 512), kind), DEFAULT_LIMITS)[1].peak(None)
    assert at_full_size > peaks[1] if kind == "JPEG" else at_full_size == peaks[1]


def test_reduced_pictures_are_those_of_the_whole() -> None:
    data = saved(noise(640, 400), "PNG")
    whole = decode(data, at_least=None, limits=DEFAULT_LIMITS).image
    small = decode(data, at_least=100, limits=DEFAULT_LIMITS)
    assert (small.width, small.height) == (640, 400)
    assert np.array_equal(np.asarray(small.image), np.asarray(whole.reduce(4)))


def test_errors_of_files() -> None:
    with pytest.raises(PhotoEmpty):
        check_file(b"", DEFAULT_LIMITS)
    with pytest.raises(PhotoTooLarge, match=r"1\.0 MiB are more"):
        check_file(bytes(2**20), PhotoLimits(max_bytes=1000))
    with pytest.raises(PhotoTruncated):
        check_file(saved(noise(64, 64), "AVIF")[:100], DEFAULT_LIMITS)


def test_errors_say_where() -> None:
    with pytest.raises(PhotoError, match=r"^front\.jpg: the file is empty\. Choose"):
        Photo.from_bytes(b"", where="front.jpg")
