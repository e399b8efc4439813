"""Untrusted bytes to an upright RGB image, or one typed error that says why not."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from streetshop.core.errors import (
    PhotoDamaged,
    PhotoEmpty,
    PhotoError,
    PhotoFormatUnsupported,
    PhotoTooLarge,
    PhotoTooManyPixels,
)
from streetshop.core.pictures.formats import readable_formats, sniff_format
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.inspect import damaged, inspect
from streetshop.core.pictures.limits import MAX_FRAMES, PhotoLimits, check_area, check_size, too_costly, too_many_pixels
from streetshop.core.pictures.rgb import reduced_rgb


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture.

    Attributes:
        image: RGB, upright, possibly reduced.
        width, height: of the upright original in pixels.
    """

    image: Image.Image
    width: int
    height: int


def check_file(data: bytes, limits: PhotoLimits) -> tuple[str, Header]:
    """The format of a file and the cost of decoding it. Raises PhotoError."""
    if not data:
        raise PhotoEmpty("the file is empty", hint="Choose another picture")
    if len(data) > limits.max_bytes:
        raise PhotoTooLarge(
            f"{len(data) / 2**20:.1f} MiB are more than the limit of {limits.max_bytes / 2**20:.0f} MiB",
            hint="Send a smaller or more compressed picture",
        )
    kind = sniff_format(data, more=limits.more_formats)
    if kind is None:
        raise PhotoFormatUnsupported(
            "this is not a picture in a format that is read here",
            hint=f"Use {', '.join(readable_formats(more=limits.more_formats))}",
        )
    return kind, inspect(data, kind, limits)


def decode(data: bytes, *, at_least: int | None, limits: PhotoLimits) -> Decoded:
    """Decode a file within the limits.

    Args:
        data: the bytes of the file.
        at_least: when given, the image may be reduced as long as its shorter side stays at least this many pixels.
        limits: what is beyond them is refused before decoding.

    Raises:
        PhotoError: a subclass for each way the bytes can be bad.
    """
    kind, header = check_file(data, limits)
    try:
        with _open(data, kind, header) as opened:
            width, height = opened.size
            _check_opened(opened, header, limits)
            fraction = 1.0 if at_least is None else at_least / min(width, height)
            fraction = min(fraction, 1 / header.least_scale)
            if fraction < 1 and header.reducible:
                # draft() never goes below the size it is given, and knows only 1/2, 1/4 and 1/8.
                opened.draft("RGB", (math.ceil(width * fraction), math.ceil(height * fraction)))
            check_area(*opened.size, limits)
            opened.load()
            # reduce() does not know all modes, so that the picture is made RGB before.
            image = reduced_rgb(opened, 1 if at_least is None else max(min(opened.size) // at_least, 1))
            turned = orientation(opened)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels("more pixels than can be safe", limits) from None
    except MemoryError:
        raise too_costly("not enough memory to decode it") from None
    except Exception as error:
        # Broken data makes the decoders raise almost anything (OSError, SyntaxError, struct.error, RuntimeError from
        # libavif), and nothing but decoding happens in this block.
        reason = "unreadable header" if isinstance(error, UnidentifiedImageError) else str(error)
        raise damaged(data, kind, reason) from None
    if turned is not None:
        image = image.transpose(turned)
        if turned in _SWAPS_SIDES:
            width, height = height, width
    return Decoded(image, width, height)


def _open(data: bytes, kind: str, header: Header) -> Image.Image:
    if header.least_scale > 1:
        # Image.open() has a limit of its own, which counts the pixels that are not decoded too.
        return JpegImageFile(io.BytesIO(data))
    if kind == "AVIF" and data[8:12] not in (b"avif", b"avis"):
        data = data[:8] + b"avif" + data[12:]  # Pillow looks at the first brand only
    return Image.open(io.BytesIO(data), formats=[kind])


def _check_opened(opened: Image.Image, header: Header, limits: PhotoLimits) -> None:
    """What the decoder found must be what the header said, and within the limits."""
    if header.size is not None and opened.size != header.size:
        raise PhotoDamaged("its parts disagree about its size", hint="Save it again")
    if header.least_scale == 1:
        check_size(*opened.size, limits)
    # Counting the frames of others reads all of them, and only the first is decoded.
    frames = getattr(opened, "n_frames", 1) if opened.format not in ("GIF", "TIFF") else 1
    if frames > MAX_FRAMES:
        raise PhotoTooManyPixels(f"an animation of {frames} frames", hint="Send a still picture")


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


def orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the stored picture upright; None when it is, or when its EXIF block is unreadable."""
    if image.format == "HEIF":
        return None  # the decoder has applied it
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # EXIF is arbitrary data; a broken block does not make the picture unusable
        return None
    return _TRANSPOSE.get(value) if isinstance(value, int) else None
