"""Rasterises SVG elements with resvg."""

from __future__ import annotations

import io

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image


def svg(body: str, width: int, height: int, view: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """(height, width, 4) uint8 RGBA of SVG elements in the view box (x, y, width, height)."""
    x, y, w, h = view
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{x} {y} {w} {h}" preserveAspectRatio="none">{body}</svg>'
    )
    with Image.open(io.BytesIO(resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=True))) as picture:
        return np.asarray(picture.convert("RGBA"))


def paste(under: NDArray[np.uint8], over: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) ``under`` with the (h, w, 4) RGBA image ``over`` on top."""
    a = over[..., 3:].astype(np.uint16)
    return ((under.astype(np.uint16) * (255 - a) + over[..., :3].astype(np.uint16) * a) // 255).astype(np.uint8)
