"""A photo to a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from streetshop.core.geometry import Box, Mask, point_inside
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks.packshot import article_on_plain_ground
from streetshop.looks.reader import Reader

WHOLE_PHOTO: Final = "garment"
"""Category of the whole photo taken as one garment."""


def read_look(photo: Photo, reader: Reader | None) -> Look:
    """What the reader sees in ``photo``.

    Without a reader, or when it finds no garment, the whole photo stands as one garment of category ``"garment"``, so
    that a search always has something to go by; ``Look.reader`` tells the cases apart. Where nobody is in the photo,
    garments of one kind at most, and the ground is plain, the garment is all that stands before the ground: a network
    is unsure of white shoes on white paper, a comparison with the border is not.
    """
    if reader is None:
        return Look(photo.width, photo.height, (whole_photo(photo),))
    look = reader.read(photo)
    kinds = {garment.category for garment in look.garments}
    if not look.persons and len(kinds) <= 1 and (article := article_on_plain_ground(photo)):
        return replace(look, garments=(_packshot(article, look),))
    if look.garments:
        return look
    return Look(photo.width, photo.height, (whole_photo(photo),), look.persons, look.reader, look.full_shot, look.view)


def _packshot(article: tuple[Box, Mask], look: Look) -> Garment:
    """The article, by the name and score that the reader gave it, or nameless and certain."""
    box, mask = article
    x, y = point_inside(mask)
    height, width = mask.shape
    spot = (box.x0 + x * box.width / width, box.y0 + y * box.height / height)
    named = look.garments[0] if look.garments else None
    return Garment(named.category if named else WHOLE_PHOTO, named.score if named else 1.0, box, spot, mask)


def whole_photo(photo: Photo) -> Garment:
    """The whole photo as one garment, its hotspot in the middle."""
    return boxed_garment(Box(0.0, 0.0, float(photo.width), float(photo.height)))


def boxed_garment(box: Box) -> Garment:
    """What a person boxed by hand: category ``"garment"``, score 1, hotspot in the middle."""
    return Garment(WHOLE_PHOTO, 1.0, box, box.center)
