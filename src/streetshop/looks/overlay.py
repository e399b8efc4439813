"""A look drawn over its photo, and as a picture of class indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from streetshop.core.geometry import paint_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Look
from streetshop.looks.reader import Reader

_COLOURS: Final = (
    (230, 25, 75),
    (0, 130, 200),
    (60, 180, 75),
    (245, 130, 48),
    (145, 30, 180),
    (0, 160, 160),
    (240, 50, 230),
    (128, 100, 0),
)

_BONES: Final = (
    (5, 7), (7, 9), (6, 8), (8, 10), (5, 6), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
    (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip
"""Pairs of COCO keypoints that are joined by a line."""


def index_picture(photo: Photo, reader: Reader) -> Image.Image:
    """Return a palette picture of the size of the photo: each pixel the index of its class in ``reader.classes``."""
    picture = Image.fromarray(reader.pixel_classes(photo))
    palette = [0, 0, 0]
    for i in range(1, 256):
        palette += _COLOURS[(i - 1) % len(_COLOURS)]
    picture.putpalette(palette)
    return picture


def draw_overlay(photo: Photo, look: Look) -> Image.Image:
    """Draw a look over its photo: masks, boxes, hotspots, categories and scores of garments, skeletons of persons."""
    base = photo.image().resize((look.width, look.height)) if photo.scale != (1.0, 1.0) else photo.image()
    tint = np.asarray(base).astype(np.float32)
    for i, garment in enumerate(look.garments):
        if garment.mask is not None:
            where = paint_mask(garment.mask, garment.box, look.width, look.height)
            tint[where] = 0.5 * tint[where] + 0.5 * np.asarray(_COLOURS[i % len(_COLOURS)], np.float32)
    picture = Image.fromarray(tint.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    unit = max(min(look.width, look.height) / 250, 1.0)
    font = ImageFont.load_default(size=round(9 * unit))
    for person in look.persons:
        points = person.keypoints
        for a, b in _BONES:
            if len(points) > max(a, b) and points[a].visibility and points[b].visibility:
                ends = [(points[a].x, points[a].y), (points[b].x, points[b].y)]
                draw.line(ends, fill=(255, 255, 255), width=round(unit))
        for point in points:
            if point.visibility:
                _disc(draw, point.x, point.y, 2 * unit, (255, 255, 0) if point.visibility == 2 else (150, 150, 0))
    for i, garment in enumerate(look.garments):
        colour = _COLOURS[i % len(_COLOURS)]
        draw.rectangle(garment.box.clip(look.width - 1, look.height - 1).corners, outline=colour, width=round(unit))
        label = f"{i} {garment.category} {garment.score:.2f}"
        left, top = garment.box.x0 + unit, garment.box.y0 + unit
        draw.rectangle(draw.textbbox((left, top), label, font=font), fill=colour)
        draw.text((left, top), label, fill=(255, 255, 255), font=font)
        _disc(draw, *garment.hotspot, 5 * unit, (255, 255, 255))
        _disc(draw, *garment.hotspot, 3 * unit, colour)
    return picture


def draw_markers(photo: Photo, markers: Sequence[tuple[tuple[float, float], str, bool]]) -> Image.Image:
    """Draw the markers of a look over its photo, each with a name beside it.

    Args:
        photo: the picture.
        markers: of each its place in pixels of the photo, its name, and whether it stands out.
    """
    picture = photo.image().resize((photo.width, photo.height)) if photo.scale != (1.0, 1.0) else photo.image()
    draw = ImageDraw.Draw(picture)
    unit = max(min(photo.width, photo.height) / 250, 1.0)
    font = ImageFont.load_default(size=round(9 * unit))
    for (x, y), name, stands_out in markers:
        colour = _COLOURS[0] if stands_out else _COLOURS[1]
        _disc(draw, x, y, 5 * unit, (255, 255, 255))
        _disc(draw, x, y, 3.5 * unit, colour)
        wide = draw.textlength(name, font=font)
        left = x + 7 * unit if x + 8 * unit + wide < photo.width else x - 7 * unit - wide
        draw.rectangle(draw.textbbox((left, y - 5 * unit), name, font=font), fill=(255, 255, 255))
        draw.text((left, y - 5 * unit), name, fill=colour, font=font)
    return picture


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: tuple[int, int, int]) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
