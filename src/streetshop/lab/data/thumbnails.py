"""Small pictures of a manifest's rows, for reports and sheets."""

from __future__ import annotations

from typing import Final

from streetshop.core.errors import StreetshopError
from streetshop.core.photo import encode_jpeg
from streetshop.lab.data.manifest import Manifest

SIDE: Final = 120
"""Long side of a thumbnail in pixels."""


def thumbnail(manifest: Manifest, row: int, side: int = SIDE) -> bytes | None:
    """A row's garment as a small JPEG; None if the picture cannot be read."""
    entry = manifest.row(row)
    try:
        photo = entry.load_photo(at_least=None if entry.box else side)
    except StreetshopError:
        return None
    image = photo.image()
    if entry.box is not None:
        left, top, right, bottom = entry.box
        image = image.crop((int(left), int(top), max(int(right), int(left) + 1), max(int(bottom), int(top) + 1)))
    image.thumbnail((side, side))
    return encode_jpeg(image, 80)
