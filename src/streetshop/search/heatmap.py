"""Which parts of a garment a match rests on: the similarity falls where they are covered."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.records import GarmentPicture, Vector
from streetshop.models import Encoder, Prepared
from streetshop.search.weights import weigh

GRID: Final = 7
"""Rows and columns of the patches that are covered, one after the other."""
_SIDE: Final = 384
"""Longest side of a heat map in pixels."""
_HOT: Final = np.asarray((255, 40, 0), np.float32)
_STRENGTH: Final = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """A garment picture with each of its patches covered.

    Attributes:
        picture: without a covered patch.
        prepared: the picture as it is, then with each patch covered, row by row.
    """

    picture: GarmentPicture
    prepared: tuple[Prepared, ...]


def cover(encoder: Encoder, picture: GarmentPicture, kind: str = "") -> Covered:
    """Cover each of ``GRID`` x ``GRID`` patches with the encoder's background; covered pixels are not garment.

    Args:
        encoder: whose vectors are compared.
        picture: of the garment.
        kind: of the garment.
    """
    height, width = picture.pixels.shape[:2]
    rows, columns = (np.linspace(0, side, GRID + 1).round().astype(int) for side in (height, width))
    pictures = [picture]
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            pixels = picture.pixels.copy()
            pixels[top:bottom, left:right] = encoder.spec.input.background
            mask = None if picture.mask is None else picture.mask.copy()
            if mask is not None:
                mask[top:bottom, left:right] = 0
            pictures.append(GarmentPicture(pixels, mask))
    return Covered(picture, tuple(encoder.prepare(each, kind) for each in pictures))


def sensitivity(
    vectors: NDArray[np.float32], found: Vector, encoder: Encoder, weights: Mapping[str, float]
) -> NDArray[np.float32]:
    """How much the similarity to a shot falls with each patch covered (Zeiler and Fergus, 2014, section 4.2).

    Args:
        vectors: (1 + GRID * GRID, dim) of ``Covered.prepared``.
        found: (dim,) of the shot.
        encoder: of the vectors.
        weights: of the blocks.

    Returns:
        (GRID, GRID) falls of the similarity, not negative.
    """
    scores = vectors @ weigh(found, encoder.blocks, weights) / np.float32(sum(weights.values()))
    falls: NDArray[np.float32] = np.maximum(scores[0] - scores[1:], 0).reshape(GRID, GRID)
    return falls


def draw_heatmap(picture: GarmentPicture, falls: NDArray[np.float32]) -> bytes:
    """A PNG of the picture in grey; the redder a place, the more the similarity falls without it."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((_SIDE, _SIDE))
    heat = falls / max(float(falls.max()), 1e-6)
    grown = Image.fromarray(heat.astype(np.float32)).resize(image.size, Image.Resampling.BICUBIC)
    alpha = np.clip(np.asarray(grown), 0, 1)[..., None] * _STRENGTH
    grey = np.asarray(image.convert("L").convert("RGB"), np.float32)
    stream = io.BytesIO()
    Image.fromarray((grey * (1 - alpha) + _HOT * alpha).round().astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()
