"""An article before a plain ground, as on most product pages: what differs from the ground is the article."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from streetshop.core.geometry import Box, Mask, box_of_mask
from streetshop.core.photo import Photo
from streetshop.looks.regions import parts_of

_SIDE: Final = 224
"""Longer side of the raster that is looked at, in pixels."""
_PLAIN: Final = 0.85
"""Share of the border that must have one colour; the rest may be an article that reaches over it."""
_ALIKE, _APART = 10, 12
"""Largest difference of a channel from the ground's colour within the ground, and least within the article."""
_SPECK: Final = 0.02
"""Parts below this share of the largest are specks."""
_LEAST, _MOST = 0.005, 0.95
"""Share of the picture that an article takes."""


def article_on_plain_ground(photo: Photo) -> tuple[Box, Mask] | None:
    """The box of the article in pixels of the upright photo and its mask within the box, holes filled.

    None where the border of the photo has more than one colour, or nothing stands before it.
    """
    scale = _SIDE / max(photo.width, photo.height)
    size = (max(round(photo.width * scale), 8), max(round(photo.height * scale), 8))
    pixels = np.asarray(photo.image().resize(size, Image.Resampling.BOX), np.int16)
    edge = max(round(0.02 * min(size)), 2)
    inner = np.zeros(pixels.shape[:2], np.bool_)
    inner[edge:-edge, edge:-edge] = True
    ground = np.median(pixels[~inner], axis=0)
    apart = np.abs(pixels - ground).max(axis=2)
    if (apart[~inner] <= _ALIKE).mean() < _PLAIN:
        return None
    outside = [part for part in parts_of(apart <= _APART) if (part & ~inner).any()]
    article = ~np.logical_or.reduce(outside)
    parts = parts_of(article)
    if not parts or not _LEAST <= article.mean() <= _MOST:
        return None
    article = np.logical_or.reduce([part for part in parts if part.sum() >= _SPECK * parts[0].sum()])
    around = box_of_mask(article)
    box = around.scale(photo.width / size[0], photo.height / size[1]).clip(photo.width, photo.height)
    return box, article[around.slices()]
