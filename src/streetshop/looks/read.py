"""A photo to a look."""

from __future__ import annotations

from typing import Final

from streetshop.geometry import Box
from streetshop.looks.reader import Reader
from streetshop.photo import Photo
from streetshop.records import Garment, Look

WHOLE_PHOTO: Final = "garment"
"""Category of the whole photo taken as one garment."""


def read_look(photo: Photo, reader: Reader | None) -> Look:
    """What the reader sees in ``photo``.

    Without a reader, or when it finds no garment, the whole photo stands as one garment of category ``"garment"``, so
    that a search always has something to go by; ``Look.reader`` tells the cases apart.
    """
    if reader is None:
        return Look(photo.width, photo.height, (whole_photo(photo),))
    look = reader.read(photo)
    if look.garments:
        return look
    return Look(photo.width, photo.height, (whole_photo(photo),), look.persons, look.reader, look.full_shot, look.view)


def whole_photo(photo: Photo) -> Garment:
    """The whole photo as one garment, its hotspot in the middle."""
    return boxed_garment(Box(0.0, 0.0, float(photo.width), float(photo.height)))


def boxed_garment(box: Box) -> Garment:
    """What a person boxed by hand: category ``"garment"``, score 1, hotspot in the middle."""
    return Garment(WHOLE_PHOTO, 1.0, box, box.center)
