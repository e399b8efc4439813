"""The cost of a picture from the first look at its bytes, before anything is decoded.

All readers here go once through the headers of a file, in linear time, and read no pixels. What they must agree with is
the decoder, not the standard: where a file is malformed in a way that a decoder may still read, they assume the worst.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from streetshop.core.errors import PhotoDamaged, PhotoTruncated
from streetshop.core.pictures.bmp import inspect_bmp
from streetshop.core.pictures.formats import ends_early
from streetshop.core.pictures.gif import inspect_gif
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.iso_media import inspect_iso_media
from streetshop.core.pictures.jpeg import inspect_jpeg
from streetshop.core.pictures.limits import PhotoLimits
from streetshop.core.pictures.png import inspect_png
from streetshop.core.pictures.tiff import inspect_tiff
from streetshop.core.pictures.webp import inspect_webp

_READERS: Final[dict[str, Callable[[bytes, PhotoLimits], Header]]] = {
    "JPEG": inspect_jpeg,
    "PNG": inspect_png,
    "WEBP": inspect_webp,
    "AVIF": inspect_iso_media,
    "HEIF": inspect_iso_media,
    "GIF": inspect_gif,
    "BMP": inspect_bmp,
    "TIFF": inspect_tiff,
}


def inspect(data: bytes, kind: str, limits: PhotoLimits) -> Header:
    """Return what decoding will cost.

    Args:
        data: the whole file.
        kind: its format, from :func:`~streetshop.core.pictures.formats.sniff_format`.
        limits: of the picture.

    Raises:
        PhotoTooManyPixels, PhotoTooSmall, PhotoTooCostly: outside the limits.
        PhotoTruncated, PhotoDamaged: the header cannot be read.
    """
    try:
        return _READERS[kind](data, limits)
    except (ValueError, IndexError, struct.error) as error:
        raise damaged(data, kind, str(error)) from None


def damaged(data: bytes, kind: str, reason: str) -> PhotoDamaged | PhotoTruncated:
    """The error for a file that cannot be read: cut off, or broken in another way."""
    if ends_early(data, kind):
        return PhotoTruncated("the file ends early", hint="Send the whole file again")
    return PhotoDamaged(f"the {kind} data is damaged ({reason})", hint="Save it again")
