"""Products with chosen attributes, and a person to put them on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from streetshop.studio import make_catalog
from streetshop.studio.body import Body, Figure
from streetshop.studio.mesh import Patch
from streetshop.studio.poses import MANNEQUIN
from streetshop.studio.products import Product

OWNER = 3


@cache
def _first(category: str) -> Product:
    return make_catalog(1, 5, [category])[0]


def product(category: str, **attributes: str) -> Product:
    """A product of a category with these attributes; the others are those of the first product of a shop."""
    first = _first(category)
    return replace(first, attributes={**first.attributes, **attributes})


def body(**figure: object) -> Body:
    """A mannequin that faces the camera."""
    return Body(Figure(**figure), MANNEQUIN)


def check(patches: list[Patch]) -> None:
    """Patches are finite grids of :data:`OWNER` with textures of the right types."""
    assert patches
    for patch in patches:
        assert patch.owner == OWNER
        assert patch.points.ndim == 3
        assert np.isfinite(patch.points).all()
        texture = patch.texture
        assert texture.color.dtype == np.uint8
        assert texture.color.shape[2] == 3
        for layer in (texture.alpha, texture.relief):
            assert layer is None or layer.shape == texture.color.shape[:2]


def lowest(patches: list[Patch]) -> float:
    """Height of the lowest point in metres."""
    return min(float(p.points[..., 1].min()) for p in patches)


def width(patches: list[Patch]) -> float:
    """Extent from left to right in metres."""
    x = np.concatenate([p.points[..., 0].reshape(-1) for p in patches])
    return float(np.ptp(x))


def spread(texture: np.ndarray) -> float:
    """Mean standard deviation of the colour channels; about 3 for plain cloth with its grain."""
    return float(texture.reshape(-1, 3).std(axis=0).mean())
