"""Street views and shop views of a garment in a photo."""

from __future__ import annotations

import numpy as np
from PIL import Image

from streetshop.core.geometry import Mask, box_of_mask
from streetshop.lab.data import garment_pixels as px
from streetshop.lab.data.masks import load_mask
from streetshop.lab.data.sample import Sample


def load_garment(sample: Sample, size: int) -> tuple[px.Pixels, Mask]:
    """Pixels and clean mask of a garment with its surroundings, the garment at most 1.5 ``size`` long."""
    photo = sample.load_photo()
    mask = load_mask(sample.mask or "", sample.root, photo.width, photo.height)
    box = box_of_mask(mask)
    rows, columns = box.expand(0.7).clip(photo.width, photo.height).slices()
    pixels, mask = np.divide(photo.pixels[rows, columns], 255, dtype=np.float32), mask[rows, columns]
    factor = 1.5 * size / max(box.width, box.height)
    if factor < 1:
        pixels, mask = _resized(pixels, mask, round(max(mask.shape) * factor))
    return pixels, px.tidy_mask(mask)


def street_view(pixels: px.Pixels, mask: Mask, rng: np.random.Generator, size: int) -> tuple[px.Pixels, Mask]:
    """The worn garment on its own background."""
    box = box_of_mask(mask)
    height, width = mask.shape
    room = rng.uniform(0.05, 0.6, 4)
    # A fourth of the views cuts a little of the garment off at one side.
    if rng.random() < 0.25:
        room[rng.integers(4)] = -rng.uniform(0.05, 0.2)
    x0, x1 = box.x0 - room[0] * box.width, box.x1 + room[1] * box.width
    y0, y1 = box.y0 - room[2] * box.height, box.y1 + room[3] * box.height
    region = (slice(max(int(y0), 0), min(int(y1), height)), slice(max(int(x0), 0), min(int(x1), width)))
    cut, seen = pixels[region], mask[region]
    if rng.random() < 0.5:
        stuff = _elsewhere(pixels, mask, cut.shape[:2], rng)
        cut, seen = px.hide(cut, seen, stuff, rng)
    cut = px.blur(px.relight(cut, rng), rng)
    if rng.random() < 0.5:
        cut, seen = cut[:, ::-1], seen[:, ::-1]
    return _resized(cut, seen, size)


def shop_view(pixels: px.Pixels, mask: Mask, rng: np.random.Generator, size: int) -> tuple[px.Pixels, Mask]:
    """The garment alone on white."""
    box = box_of_mask(mask).expand(0.15).clip(mask.shape[1], mask.shape[0])
    cloth, shape = px.whole_garment(pixels[box.slices()], mask[box.slices()])
    bent, cover = px.warp(px.relight(cloth, rng, 0.7), shape, rng, size)
    return px.on_white(bent, cover, rng), cover > 0.5


def _elsewhere(pixels: px.Pixels, mask: Mask, shape: tuple[int, int], rng: np.random.Generator) -> px.Pixels:
    """Pixels of ``shape`` for an occluder: a mirrored patch of the photo beside the garment, or one colour."""
    height, width = mask.shape
    side = 40
    for _ in range(8):
        y, x = int(rng.integers(0, max(height - side, 1))), int(rng.integers(0, max(width - side, 1)))
        piece = pixels[y : y + side, x : x + side]
        if piece.shape[:2] == (side, side) and not mask[y : y + side, x : x + side].any():
            spread = ((0, max(shape[0] - side, 0)), (0, max(shape[1] - side, 0)), (0, 0))
            return np.pad(piece, spread, mode="symmetric")[: shape[0], : shape[1]]
    return np.full((*shape, 3), rng.uniform(0.1, 0.9, 3), dtype=np.float32)


def _resized(pixels: px.Pixels, mask: Mask, size: int) -> tuple[px.Pixels, Mask]:
    """Resize to a long side of ``size``."""
    factor = size / max(mask.shape)
    shape = (max(16, round(mask.shape[1] * factor)), max(16, round(mask.shape[0] * factor)))
    image = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8)).resize(shape, Image.Resampling.LANCZOS)
    small = Image.fromarray(mask.astype(np.uint8) * 255).resize(shape, Image.Resampling.BOX)
    return np.divide(np.asarray(image), 255, dtype=np.float32), np.asarray(small) > 127
