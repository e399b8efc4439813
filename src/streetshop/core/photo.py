"""Untrusted bytes to a :class:`Photo`: upright, RGB, within limits, or one typed error that says why not."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from streetshop.core.errors import (
    PhotoDamaged,
    PhotoEmpty,
    PhotoError,
    PhotoFormatUnsupported,
    PhotoMissing,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
)


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """Limits of what is decoded.

    Attributes:
        max_bytes: of the file.
        max_pixels: of the picture.
        min_side: least pixels of the shorter side.
    """

    max_bytes: int = 32 * 2**20
    max_pixels: int = 64_000_000
    min_side: int = 16


DEFAULT_LIMITS: Final = PhotoLimits()

MAX_FRAMES: Final = 256
"""Most frames of an animation, of which the first is read; one with more is refused unread."""

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif"})
"""Suffixes of the files that are taken for pictures in a folder. The format of a file is decided by its content."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded picture.

    Attributes:
        pixels: (h, w, 3) uint8 RGB, upright (EXIF orientation applied), possibly smaller than the original.
        width, height: of the upright *original* in pixels; all boxes are in that frame.
        sha256: hex digest of the bytes it came from (of the pixels for arrays).
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    sha256: str

    @property
    def scale(self) -> tuple[float, float]:
        """(sx, sy) that turn coordinates of the original frame into those of ``pixels``."""
        h, w = self.pixels.shape[:2]
        return w / self.width, h / self.height

    def image(self) -> Image.Image:
        """Return ``pixels`` as a Pillow image without metadata."""
        return Image.fromarray(self.pixels)

    @classmethod
    def from_array(cls, pixels: NDArray[np.uint8], limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """Make a photo of (h, w, 3) uint8 RGB pixels.

        Raises:
            PhotoError: the array has another shape or type, or is outside the limits.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise PhotoFormatUnsupported(
                f"an array of shape {pixels.shape} and type {pixels.dtype} is no photo",
                hint="Give (height, width, 3) uint8 RGB",
            )
        height, width = pixels.shape[:2]
        _check_size(width, height, limits, "array")
        pixels = np.ascontiguousarray(pixels)
        return cls(pixels, width, height, hashlib.sha256(pixels.tobytes()).hexdigest())

    @classmethod
    def from_image(cls, image: Image.Image, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """From a Pillow image of any mode; its EXIF orientation is applied. Raises :class:`PhotoError`."""
        _check_size(*image.size, limits, "image")
        turned = _orientation(image)
        try:
            upright = _to_rgb(image)  # reads the file, if Pillow has not yet done so
        except Exception as error:  # decoders raise almost anything, see _decode
            raise PhotoDamaged(
                f"Pillow cannot read it ({error})", where="image", hint="Keep the image open, or give its file"
            ) from None
        return cls.from_array(np.asarray(upright if turned is None else upright.transpose(turned)), limits)

    @classmethod
    def from_path(cls, path: str | Path, *, at_least: int | None = None, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
        """Read and decode a file; see :meth:`from_bytes`."""
        return cls.from_bytes(read_picture_bytes(path, limits), at_least=at_least, limits=limits, where=str(path))

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        at_least: int | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        where: str = "photo",
    ) -> Photo:
        """Decode a JPEG, PNG, WebP, AVIF (if Pillow is built with it) or HEIC (with the extra ``heic``).

        Args:
            data: the bytes of the file; its name is never trusted.
            at_least: when given, ``pixels`` may be reduced as long as their shorter side stays at least this many
                pixels; a JPEG is then decoded at the reduced size, which halves the time.
            limits: what is beyond them is refused before decoding.
            where: names the photo in errors.

        Raises:
            PhotoError: a subclass for each way the bytes can be bad.
        """
        if not data:
            raise PhotoEmpty("the file is empty", where=where, hint="Choose another picture")
        if len(data) > limits.max_bytes:
            raise PhotoTooLarge(
                f"{len(data) / 2**20:.1f} MiB are more than the limit of {limits.max_bytes / 2**20:.0f} MiB",
                where=where,
                hint="Send a smaller or more compressed picture",
            )
        kind = sniff_format(data)
        if kind is None:
            raise PhotoFormatUnsupported(
                "this is not a picture in a format that is read here",
                where=where,
                hint=f"Use {', '.join(readable_formats())}",
            )
        image, size = _decode(data, kind, at_least, limits, where)
        return cls(np.asarray(image), *size, hashlib.sha256(data).hexdigest())


def read_picture_bytes(path: str | Path, limits: PhotoLimits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of a picture file, never more than one over the limit.

    Raises:
        PhotoMissing: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else (getattr(error, "strerror", "") or error)
        raise PhotoMissing(f"cannot be read ({reason})", where=str(path), hint="Check the path") from None


def sniff_format(data: bytes) -> str | None:
    """Return Pillow's name of the format that ``data`` begins like; None if it is not allowed or cannot be decoded."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in (b"avif", b"avis"):
            return "AVIF" if _can_decode("AVIF") else None
        if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"heim", b"heis"):
            return "HEIF" if _can_decode("HEIF") else None
    return None


def readable_formats() -> list[str]:
    """Return the names of the formats that can be read on this machine."""
    return ["JPEG", "PNG", "WebP", *(name for name, kind in (("AVIF", "AVIF"), ("HEIC", "HEIF")) if _can_decode(kind))]


def encode_jpeg(image: Image.Image, quality: int = 85) -> bytes:
    """Return ``image`` as a JPEG file without metadata."""
    stream = io.BytesIO()
    # A fresh image: save() would otherwise carry EXIF and ICC data of the source along.
    Image.frombytes("RGB", image.size, image.convert("RGB").tobytes()).save(
        stream, "JPEG", quality=quality, optimize=True
    )
    return stream.getvalue()


def _can_decode(kind: str) -> bool:
    Image.init()
    if kind == "HEIF" and kind not in Image.ID:
        try:
            import pillow_heif  # the optional extra `heic`
        except ImportError:
            return False
        pillow_heif.register_heif_opener()
    return kind in Image.ID


def _decode(
    data: bytes, kind: str, at_least: int | None, limits: PhotoLimits, where: str
) -> tuple[Image.Image, tuple[int, int]]:
    """The upright RGB image, and the upright size of the original."""
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            width, height = opened.size
            _check_size(width, height, limits, where)
            frames = getattr(opened, "n_frames", 1)
            if frames > MAX_FRAMES:
                raise PhotoTooManyPixels(f"an animation of {frames} frames", where=where, hint="Send a still picture")
            fraction = 1.0 if at_least is None else at_least / min(width, height)
            if fraction < 1 and kind == "JPEG":
                # draft() never goes below the size it is given, and knows only 1/2, 1/4 and 1/8.
                opened.draft("RGB", (math.ceil(width * fraction), math.ceil(height * fraction)))
            opened.load()
            factor = 1 if at_least is None else min(opened.size) // at_least
            # reduce() does not know all modes, so that the picture is made RGB before.
            image = _to_rgb(opened)
            if factor > 1:
                image = image.reduce(factor)
            turned = _orientation(opened)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels("more pixels than can be safe", limits, where) from None
    except MemoryError:
        raise _too_many_pixels("not enough memory to decode it", limits, where) from None
    except Exception as error:
        # Broken data makes the decoders raise almost anything (OSError, SyntaxError, struct.error, RuntimeError from
        # libavif), and nothing but decoding happens in this block.
        if _ends_early(data, kind):
            raise PhotoTruncated("the file ends early", where=where, hint="Send the whole file again") from None
        reason = "unreadable header" if isinstance(error, UnidentifiedImageError) else str(error)
        raise PhotoDamaged(f"the {kind} data is damaged ({reason})", where=where, hint="Save it again") from None
    if turned is not None:
        image = image.transpose(turned)
        if turned in _SWAPS_SIDES:
            width, height = height, width
    return image, (width, height)


_TRANSPOSE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPS_SIDES: Final = frozenset(_TRANSPOSE[i] for i in (5, 6, 7, 8))
_ORIENTATION_TAG: Final = 0x0112


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the stored picture upright; None when it is, or when its EXIF block is unreadable."""
    if image.format == "HEIF":
        return None  # the decoder has applied it
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # EXIF is arbitrary data; a broken block does not make the picture unusable
        return None
    return _TRANSPOSE.get(value) if isinstance(value, int) else None


def _check_size(width: int, height: int, limits: PhotoLimits, where: str) -> None:
    if width * height > limits.max_pixels:
        raise _too_many_pixels(f"{width} x {height} pixels", limits, where)
    if min(width, height) < limits.min_side:
        raise PhotoTooSmall(
            f"{width} x {height} pixels are too few",
            where=where,
            hint=f"Each side needs at least {limits.min_side}",
        )


def _too_many_pixels(what: str, limits: PhotoLimits, where: str) -> PhotoTooManyPixels:
    return PhotoTooManyPixels(
        what, where=where, hint=f"At most {limits.max_pixels / 1e6:.0f} million pixels are read; make it smaller"
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB: transparency on white, 16-bit grey scaled to 8 bits, wide-gamut and CMYK colours converted to sRGB."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.uint32)
        return Image.fromarray((grey >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(ground, rgba).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        converted = _to_srgb(image, profile)
        if converted is not None:
            return converted
    return image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Converted by the embedded ICC profile; None when it is sRGB already or the profile is unusable."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _jpeg_ends_early(data: bytes) -> bool:
    return b"\xff\xd9" not in data[-64:]


def _png_ends_early(data: bytes) -> bool:
    return b"IEND" not in data[-64:]


def _riff_ends_early(data: bytes) -> bool:
    return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)


def _iso_media_ends_early(data: bytes) -> bool:
    """Walk the top-level boxes: a whole file ends where the last of them does."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 0:
            return False
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            return False
        position += size
    return position != len(data)


_ENDS_EARLY: Final[dict[str, Callable[[bytes], bool]]] = {
    "JPEG": _jpeg_ends_early,
    "PNG": _png_ends_early,
    "WEBP": _riff_ends_early,
    "AVIF": _iso_media_ends_early,
    "HEIF": _iso_media_ends_early,
}


def _ends_early(data: bytes, kind: str) -> bool:
    return _ENDS_EARLY[kind](data)
