"""An article on a plain background, as on most product pages: what differs from the background is the article."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from streetshop.core.geometry import Box, Mask, box_of_mask
from streetshop.core.photo import Photo
from streetshop.looks.regions import parts_of

_SIDE: Final = 224
"""Longer side, in pixels, to which the photo is reduced."""
_EDGE: Final = 0.02
"""Width of the border, as a share of the shorter side."""
_PLAIN: Final = 0.85
"""Least share of the border that has the colour of the background; an article may cover the rest."""
_ALIKE, _APART = 10, 12
"""Largest difference of a channel from the background colour on the border, and of pixels that are background."""
_LEAST_PART: Final = 0.02
"""Parts below this share of the largest are dropped."""
_LEAST, _MOST = 0.005, 0.95
"""Least and largest share of the picture that is article."""


def article_on_plain_ground(photo: Photo) -> tuple[Box, Mask] | None:
    """Find the article of a photo whose border has one colour.

    Background is what has the colour of the border and is connected to it, so that the article has no holes.

    Returns:
        The box of the article in pixels of the upright photo and its mask over the box; None if the border has more
        than one colour, or the article takes nearly nothing or nearly all of the photo.
    """
    scale = _SIDE / max(photo.width, photo.height)
    size = (max(round(photo.width * scale), 8), max(round(photo.height * scale), 8))
    pixels = np.asarray(photo.image().resize(size, Image.Resampling.BOX), np.int16)
    edge = max(round(_EDGE * min(size)), 2)
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
    article = np.logical_or.reduce([part for part in parts if part.sum() >= _LEAST_PART * parts[0].sum()])
    around = box_of_mask(article)
    box = around.scale(photo.width / size[0], photo.height / size[1]).clip(photo.width, photo.height)
    return box, article[around.slices()]
