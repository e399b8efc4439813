"""A photo to a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from streetshop.core.geometry import Box, Mask, point_inside
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks.packshot import article_on_plain_ground
from streetshop.looks.reader import WHOLE_PHOTO, Reader, whole_photo

_FILLED: Final = 0.6
"""IoU of a garment's box and the box of all that differs from the ground from which they are one thing."""


def read_look(photo: Photo, reader: Reader) -> Look:
    """Read a photo; the look has at least one garment, so that a search always has something to go by.

    Two rules complete what the reader finds. If it finds no garment, the whole photo is taken as one, of category
    ``"garment"``. If it finds no person and garments of at most one category, and the ground is plain, everything that
    differs from the ground is one garment: a network is unsure of a white shoe on white paper, a comparison with the
    border of the photo is not. Of a reader that sees no persons, the garment found must fill most of what differs from
    the ground.
    """
    look = reader.read(photo)
    if look.reader is None:
        return look
    categories = {garment.category for garment in look.garments}
    article = None if look.persons or len(categories) > 1 else article_on_plain_ground(photo)
    if article and (reader.sees_persons or all(g.box.iou(article[0]) >= _FILLED for g in look.garments)):
        found = replace(look, garments=(_packshot(article, look),))
        return replace(found, view=None, view_probabilities={}) if _is_whole(article[0], photo) else found
    return look if look.garments else replace(look, garments=(whole_photo(photo),))


def _is_whole(box: Box, photo: Photo) -> bool:
    """Whether an article ends before the edges of the photo; what they cut is a detail."""
    return box.x0 > 0 and box.y0 > 0 and box.x1 < photo.width and box.y1 < photo.height


def _packshot(article: tuple[Box, Mask], look: Look) -> Garment:
    """The article with the category, score and kinds of the reader's garment; without one, unnamed and with score 1."""
    box, mask = article
    x, y = point_inside(mask)
    height, width = mask.shape
    spot = (box.x0 + x * box.width / width, box.y0 + y * box.height / height)
    if not look.garments:
        return Garment(WHOLE_PHOTO, 1.0, box, spot, mask)
    named = look.garments[0]
    return Garment(named.category, named.score, box, spot, mask, kinds=named.kinds)
