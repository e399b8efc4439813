"""Limits of what is decoded, and the errors for what is beyond them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from streetshop.core.errors import PhotoTooCostly, PhotoTooManyPixels, PhotoTooSmall


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """Limits of what is decoded.

    Attributes:
        max_bytes: of the file.
        max_pixels: of the picture as it is decoded.
        min_side: least pixels of the shorter side.
        more_formats: also read GIF, BMP and TIFF, of which the first frame or page counts.
    """

    max_bytes: int = 32 * 2**20
    max_pixels: int = 64_000_000
    min_side: int = 16
    more_formats: bool = False

    @property
    def reducible_pixels(self) -> int:
        """Pixels of a picture that is decoded at a quarter of its size because it has more than ``max_pixels``."""
        return MAX_REDUCIBLE * self.max_pixels


MAX_REDUCIBLE: Final = 4
"""A JPEG may have so many times the pixel limit; it is then decoded reduced. Phones take photos of up to 200 MP."""

DEFAULT_LIMITS: Final = PhotoLimits()

FEED_LIMITS: Final = PhotoLimits(max_bytes=64 * 2**20, more_formats=True)
"""Of the pictures of a feed: those of large sensors, and formats that shops have and shoppers do not send."""

MAX_FRAMES: Final = 256
"""Most frames of an animation, of which the first is read."""

MAX_SCANS: Final = 64
"""Most scans of a JPEG. Encoders write 1 to 15. A decoder goes through all coefficients in each, whatever its size."""

MAX_METADATA: Final = 4 * 2**20
"""Most bytes of all metadata of a file: EXIF, XMP, colour profile, comments, unknown parts."""

MAX_PARTS: Final = 4096
"""Most segments, chunks or boxes of a file that hold no pixels."""

MAX_PIXEL_PARTS: Final = 65_536
"""Most chunks of pixels in a PNG. Encoders write 8 KiB or more in each: 4096 chunks in 32 MiB."""

MAX_LAYERS: Final = 8
"""Most frames in one coded picture of an AVIF. The format has at most four layers."""

MAX_TOTAL: Final = 4
"""All pictures in an AVIF or HEIC file (tiles, transparency, thumbnails) may have so many times the pixel limit."""


def check_size(width: int, height: int, limits: PhotoLimits) -> None:
    """Raise PhotoTooManyPixels or PhotoTooSmall for a picture outside the limits."""
    check_area(width, height, limits)
    if min(width, height) < limits.min_side:
        raise PhotoTooSmall(
            f"{width} x {height} pixels are too few", hint=f"Each side needs at least {limits.min_side}"
        )


def check_reducible(width: int, height: int, limits: PhotoLimits) -> None:
    """As ``check_size``, for a picture that can be decoded at a quarter of its size."""
    if width * height > limits.reducible_pixels:
        hint = f"At most {limits.reducible_pixels / 1e6:.0f} million pixels of a JPEG are read; make it smaller"
        raise PhotoTooManyPixels(f"{width} x {height} pixels", hint=hint)
    if width * height <= limits.max_pixels or min(width, height) < limits.min_side:
        check_size(width, height, limits)


def check_area(width: int, height: int, limits: PhotoLimits) -> None:
    """Raise PhotoTooManyPixels for a part of a picture over the limit."""
    if width * height > limits.max_pixels:
        raise too_many_pixels(f"{width} x {height} pixels", limits)


def too_many_pixels(what: str, limits: PhotoLimits) -> PhotoTooManyPixels:
    """The error for a picture over the limit of pixels."""
    return PhotoTooManyPixels(
        what, hint=f"At most {limits.max_pixels / 1e6:.0f} million pixels are read; make it smaller"
    )


def too_costly(what: str) -> PhotoTooCostly:
    """The error for a picture that takes too much time or memory to decode."""
    return PhotoTooCostly(what, hint="Save it again with another program, as a plain JPEG, and send that")


def check_metadata(size: int, parts: int) -> None:
    """Raise PhotoTooCostly if a file has too many bytes of metadata, or has it in too many parts."""
    if size > MAX_METADATA:
        raise too_costly(f"more than {MAX_METADATA / 2**20:.0f} MiB of metadata")
    if parts > MAX_PARTS:
        raise too_costly(f"more than {MAX_PARTS} pieces of metadata")
