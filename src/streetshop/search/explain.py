"""What a match rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import split_blocks
from streetshop.core.records import Block, Explanation, Vector
from streetshop.models.colour import COLOUR_DIM, centres
from streetshop.models.colour_names import COLOURS

_LEAST: Final = 0.05
"""Colours with a smaller share are not named."""
_AXES: Final = np.asarray((0.7, 1.0, 1.0))
"""Factors of L*, a*, b* in distances: lightness counts for less, since much of it is light and shade."""


def explain(query: Vector, found: Vector, blocks: Sequence[Block], weights: Mapping[str, float]) -> Explanation:
    """Why a shot was found.

    Args:
        query: (dim,) concatenated unit blocks of the garment.
        found: (dim,) of the shot.
        blocks: of the vectors.
        weights: of the blocks.

    Returns:
        The share of block b is ``|w_b * cos_b| / sum over all blocks of |w * cos|``: of the score, as long as no cosine
        is negative. The share of a colour is that of its bins in the cosine of the colour blocks.
    """
    ours, theirs = split_blocks(query, blocks), split_blocks(found, blocks)
    parts = {name: abs(weights[name] * float(ours[name] @ theirs[name])) for name in ours}
    total = sum(parts.values()) or 1.0
    colours = {}
    if "colour" in ours and len(ours["colour"]) == COLOUR_DIM:
        colours = common_colours(ours["colour"], theirs["colour"])
    return Explanation({name: part / total for name, part in parts.items()}, colours)


def common_colours(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> dict[str, float]:
    """The colours that two colour blocks share, with their shares of the blocks' cosine, by falling share."""
    both = np.clip(ours, 0, None).astype(np.float64) * np.clip(theirs, 0, None)
    sums = np.bincount(_named_bins(), weights=both, minlength=len(COLOURS)) / (both.sum() or 1.0)
    shares = {name: float(share) for name, share in zip(COLOURS, sums, strict=True) if share >= _LEAST}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


@cache
def _named_bins() -> NDArray[np.int64]:
    """(bins,) which colour each bin of the colour block is called."""
    points = np.asarray([point for points in COLOURS.values() for point in points]) * _AXES
    names = np.asarray([number for number, points in enumerate(COLOURS.values()) for _ in points])
    distances = ((centres()[:, None] * _AXES - points[None]) ** 2).sum(2)
    nearest: NDArray[np.int64] = names[distances.argmin(1)]
    return nearest
