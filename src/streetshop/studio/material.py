"""Textures of shoes, bags and accessories."""

from __future__ import annotations

import numpy as np

from streetshop.studio.cloth import paint
from streetshop.studio.mesh import Texture
from streetshop.studio.products import Product
from streetshop.studio.svg import paste, svg


def material(product: Product, width: float, height: float, texels: int, part: str = "body") -> Texture:
    """A rectangle of the product's material, ``width`` x ``height`` metres."""
    rows = max(int(texels * height / width), 8)
    x = np.linspace(-width / 2, width / 2, texels, dtype=np.float32)[None]
    y = np.linspace(0, height, rows, dtype=np.float32)[:, None]
    color, relief = paint(product, x, y, part)
    return Texture(color, None, relief)


def inked(texture: Texture, ink: str, view: tuple[float, float, float, float]) -> Texture:
    """The texture with SVG elements on top; the drawing is mirrored, since u runs to the left in a front view."""
    rows, columns = texture.color.shape[:2]
    return Texture(paste(texture.color, svg(ink, columns, rows, view)[:, ::-1]), texture.alpha, texture.relief)
