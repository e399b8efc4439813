"""Photos from untrusted bytes: one typed error for each way they can be bad (security cases 1, 3 and 4)."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from streetshop.core import errors
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.pictures.formats import readable_formats, sniff_format
from streetshop.core.pictures.limits import PhotoLimits


def gradient(width: int = 90, height: int = 60) -> Image.Image:
    """Red grows to the right, green downwards: every corner is recognisable."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(
        np.stack([x * 255 // (width - 1), y * 255 // (height - 1), np.full_like(x, 40)], axis=2).astype(np.uint8)
    )


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_reads_each_format(kind: str) -> None:
    data = saved(gradient(), kind, quality=95)
    photo = Photo.from_bytes(data)
    assert (photo.width, photo.height) == (90, 60)
    assert photo.pixels.shape == (60, 90, 3)
    assert photo.pixels.dtype == np.uint8
    assert np.abs(photo.pixels.astype(int) - np.asarray(gradient())).mean() < 4


def test_reads_heic_where_the_decoder_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    heif.from_pillow(gradient()).save(stream, quality=95)
    photo = Photo.from_bytes(stream.getvalue())
    assert (photo.width, photo.height) == (90, 60)
    assert "HEIC" in readable_formats()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    """All eight stored forms come back as the same upright picture."""
    upright = gradient()
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Photo.from_bytes(saved(stored, quality=95, exif=exif.tobytes()))
    assert (photo.width, photo.height) == (90, 60)
    assert np.abs(photo.pixels.astype(int) - np.asarray(upright)).mean() < 4


def test_broken_exif_does_not_cost_the_photo() -> None:
    photo = Photo.from_bytes(saved(gradient(), exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage"))
    assert photo.width == 90


def test_reduced_decoding_keeps_the_frame() -> None:
    big = gradient(900, 600)
    for kind in ("JPEG", "PNG"):
        photo = Photo.from_bytes(saved(big, kind), at_least=100)
        assert (photo.width, photo.height) == (900, 600)
        assert 100 <= min(photo.pixels.shape[:2]) < 200
        sx, sy = photo.scale
        assert sx == pytest.approx(photo.pixels.shape[1] / 900)
        assert sy == pytest.approx(photo.pixels.shape[0] / 600)
    small = Photo.from_bytes(saved(gradient(), "JPEG"), at_least=100)
    assert small.pixels.shape == (60, 90, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_odd_modes_become_rgb(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    if mode == "I;16":
        image = Image.fromarray(np.asarray(gradient().convert("L")).astype(np.uint16) * 257)
    else:
        image = gradient().convert(mode)
    photo = Photo.from_bytes(saved(image, kind))
    assert photo.pixels.shape == (60, 90, 3)
    # Means of tiles: dithering of palettes and bitmaps changes pixels, not tiles.
    tiles = [np.asarray(i.convert("L").reduce(15)).astype(int) for i in (photo.image(), gradient())]
    assert np.abs(tiles[0] - tiles[1]).max() < 16


def test_transparency_is_laid_on_white() -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    assert Photo.from_bytes(saved(image, "PNG")).pixels.min() == 255
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([10, 10, 10] * 256)
    assert Photo.from_bytes(saved(palette, "PNG", transparency=0)).pixels.min() == 255


def test_wide_gamut_is_brought_to_srgb() -> None:
    """A profile that is not sRGB changes the pixels; a broken one is ignored."""
    lab_white = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    plain = Photo.from_bytes(saved(gradient(), "PNG"))
    tagged = Photo.from_bytes(saved(gradient(), "PNG", icc_profile=lab_white.tobytes()))
    broken = Photo.from_bytes(saved(gradient(), "PNG", icc_profile=b"no profile"))
    assert np.abs(plain.pixels.astype(int) - tagged.pixels).max() <= 1
    assert (plain.pixels == broken.pixels).all()


def test_empty() -> None:
    with pytest.raises(errors.PhotoEmpty, match="empty"):
        Photo.from_bytes(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>not found</body></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"GIF89a" + bytes(40),
        b"BM" + bytes(60),
        b"MZ\x90\x00",
        bytes(12),
    ],
    ids=["html", "eps", "svg", "gif", "bmp", "exe", "zeros"],
)
def test_what_is_not_on_the_list_is_refused(data: bytes) -> None:
    with pytest.raises(errors.PhotoFormatUnsupported, match="Use JPEG, PNG, WebP"):
        Photo.from_bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_truncated_at_every_tenth(kind: str, tenth: int) -> None:
    data = saved(gradient(200, 150), kind)
    with pytest.raises(errors.PhotoTruncated, match="ends early"):
        Photo.from_bytes(data[: len(data) * tenth // 10])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_bytes_give_a_photo_or_a_photo_error(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = bytearray(saved(gradient(), kind))
    for position in rng.integers(12, len(data), size=rng.integers(1, 20)):
        data[position] = rng.integers(256)
    try:
        assert Photo.from_bytes(bytes(data)).pixels.ndim == 3
    except errors.PhotoError as error:
        assert error.hint


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_photo_error(data: bytes) -> None:
    with pytest.raises(errors.PhotoError):
        Photo.from_bytes(data)


def bomb_png(width: int, height: int) -> bytes:
    """A valid header announcing far more pixels than the few bytes that follow."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 12_000, 50_000])
def test_bombs_are_refused_by_their_header(side: int) -> None:
    with pytest.raises(errors.PhotoTooManyPixels):
        Photo.from_bytes(bomb_png(side, side))


def test_huge_text_chunk_is_refused() -> None:
    plain = saved(gradient(), "PNG")
    text = b"Comment\x00\x00" + zlib.compress(bytes(80_000_000))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    with pytest.raises(errors.PhotoDamaged):
        Photo.from_bytes(plain[:33] + chunk + plain[33:])


def test_giant_animation_is_refused() -> None:
    frames = [Image.new("RGB", (16, 16), (i % 256, i * 37 % 256, 0)) for i in range(300)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(errors.PhotoTooManyPixels, match="more than 256 frames"):
        Photo.from_bytes(data)
    few = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:3])
    assert Photo.from_bytes(few).width == 16


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1)])
def test_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(errors.PhotoTooSmall):
        Photo.from_bytes(saved(Image.new("RGB", size), "PNG"))


def test_too_many_bytes() -> None:
    with pytest.raises(errors.PhotoTooLarge):
        Photo.from_bytes(saved(gradient()), limits=PhotoLimits(max_bytes=100))


def test_paths(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(saved(gradient(), "JPEG"))  # a name is never trusted
    assert Photo.from_path(path).width == 90
    for bad in (tmp_path / "none.jpg", tmp_path, "a\0b.jpg"):
        with pytest.raises(errors.PhotoMissing):
            Photo.from_path(bad)
    (tmp_path / "big.jpg").write_bytes(bytes(1000))
    with pytest.raises(errors.PhotoTooLarge):
        Photo.from_path(tmp_path / "big.jpg", limits=PhotoLimits(max_bytes=10))


def test_arrays() -> None:
    pixels = np.asarray(gradient())
    photo = Photo.from_array(pixels)
    assert (photo.width, photo.height) == (90, 60)
    assert len(photo.sha256) == 64
    for bad in (pixels[:, :, 0], pixels.astype(np.float32), np.zeros((20, 20, 4), np.uint8)):
        with pytest.raises(errors.PhotoFormatUnsupported):
            Photo.from_array(bad)


def test_written_jpegs_hold_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "secret camera"
    source = Image.open(io.BytesIO(saved(gradient(), exif=exif.tobytes(), icc_profile=b"x" * 200)))
    data = encode_jpeg(source)
    written = Image.open(io.BytesIO(data))
    assert b"secret" not in data
    assert not written.getexif()
    assert "icc_profile" not in written.info
    assert sniff_format(data) == "JPEG"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "1"])
def test_images_of_every_mode_are_upright_rgb(mode: str) -> None:
    image = Image.new("RGB", (32, 64), (250, 250, 250)).convert(mode)
    image.getexif()[0x0112] = 6
    photo = Photo.from_image(image)
    assert (photo.width, photo.height) == (64, 32)
    assert photo.pixels.mean() > 245  # a palette is dithered


def test_an_image_is_laid_on_white_and_limited() -> None:
    clear = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    assert Photo.from_image(clear).pixels.min() == 255
    with pytest.raises(errors.PhotoTooSmall):
        Photo.from_image(Image.new("RGB", (4, 40)))


def test_an_image_that_pillow_cannot_read_on() -> None:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(stream, "PNG")
    whole = stream.getvalue()
    closed = Image.open(io.BytesIO(whole))
    closed.close()
    for image in (closed, Image.open(io.BytesIO(whole[:500]))):
        with pytest.raises(errors.PhotoDamaged, match="Pillow cannot read it"):
            Photo.from_image(image)
