"""Augmentation of a whole batch at once, on the device that trains.

What happens to a picture is drawn first, as plain numbers from a seeded generator; so a batch is the same on every
device, and again when a run is resumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.lab.train.recipe import AugmentPart

_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Draws:
    """What happens to each of b pictures.

    Attributes:
        matrix: (b, 2, 3) from places in the result to places in the picture, -1 to 1.
        brightness, contrast, saturation: (b,) factors.
        hue: (b,) radians.
        erase: (b, 4) x0, y0, x1, y1 from -1 to 1, empty where nothing is erased; ``fill`` (b, 3) its colour.
        blur: (b,) bool.
    """

    matrix: NDArray[np.float32]
    brightness: NDArray[np.float32]
    contrast: NDArray[np.float32]
    saturation: NDArray[np.float32]
    hue: NDArray[np.float32]
    erase: NDArray[np.float32]
    fill: NDArray[np.float32]
    blur: NDArray[np.bool_]


def draw(part: AugmentPart, shop: NDArray[np.bool_], rng: np.random.Generator) -> Draws:
    """Draw what happens to pictures; ``shop`` (b,) marks those that ``street_only`` spares."""
    b = len(shop)
    # Everything is drawn for every picture, so that one setting never shifts the draws of another.
    unit = rng.random((b, 16), dtype=np.float64)
    spread = unit * 2 - 1
    spared = shop & part.street_only
    zoom = 1 / (1 + part.zoom * spread[:, 0])
    angle = np.deg2rad(part.rotate) * spread[:, 1]
    flip = np.where(part.flip & (unit[:, 2] < 0.5), -1.0, 1.0)
    matrix = np.zeros((b, 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = zoom * np.cos(angle) * flip, -zoom * np.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = zoom * np.sin(angle) * flip, zoom * np.cos(angle)
    matrix[:, :, 2] = 2 * part.shift * spread[:, 3:5]

    def factor(share: float, column: int) -> NDArray[np.float32]:
        return np.where(spared, 1.0, 1 + share * spread[:, column]).astype(np.float32)

    erased = (unit[:, 9] < part.erase) & ~spared
    side = 0.2 + 0.6 * unit[:, 10:12]
    corner = unit[:, 12:14] * 2 - 1 - side / 2
    box = np.where(erased[:, None], np.concatenate([corner, corner + side], axis=1), 0.0)
    return Draws(
        matrix.astype(np.float32),
        factor(part.brightness, 5),
        factor(part.contrast, 6),
        factor(part.saturation, 7),
        np.where(spared, 0.0, 2 * math.pi * part.hue * spread[:, 8]).astype(np.float32),
        box.astype(np.float32),
        (255 * rng.random((b, 3))).astype(np.float32),
        (unit[:, 14] < part.blur) & ~spared,
    )


def apply(pixels: Tensor, draws: Draws, background: tuple[int, int, int]) -> Tensor:
    """(b, 3, h, w) float pixels from 0 to 255 to the same, with what was drawn done to each."""
    device = pixels.device

    def send(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    if draws.blur.any():
        small = functional.avg_pool2d(pixels, 4, ceil_mode=True)
        coarse = functional.interpolate(small, pixels.shape[2:], mode="bilinear", align_corners=False)
        pixels = torch.where(send(draws.blur).view(-1, 1, 1, 1), coarse, pixels)
    pixels = _colour(pixels, draws, send)
    identity = np.asarray([[1, 0, 0], [0, 1, 0]], np.float32)
    if not np.array_equal(draws.matrix, np.broadcast_to(identity, draws.matrix.shape)):
        ground = torch.tensor(background, dtype=pixels.dtype, device=device).view(1, 3, 1, 1)
        grid = functional.affine_grid(send(draws.matrix), list(pixels.shape), align_corners=False)
        # grid_sample fills with zeros: shifted by the background, zero is the background. After the colours, so that
        # what is filled in is the very background that pictures are padded with when they are searched.
        pixels = functional.grid_sample(pixels - ground, grid, align_corners=False) + ground
    if draws.erase.any():
        pixels = _erase(pixels, send(draws.erase), send(draws.fill))
    return pixels


def _colour(pixels: Tensor, draws: Draws, send: Callable[[NDArray[np.generic]], Tensor]) -> Tensor:
    plain = all((values == 1).all() for values in (draws.brightness, draws.contrast, draws.saturation))
    if plain and not draws.hue.any():
        return pixels
    b = len(pixels)
    # Brightness, saturation and hue are one 3x3 matrix a picture; contrast then pulls towards the mean grey.
    matrix = torch.from_numpy(_colour_matrices(draws)).to(pixels)
    mixed = torch.bmm(matrix, pixels.flatten(2))
    grey = (mixed * mixed.new_tensor(_GREY).view(1, 3, 1)).sum(1).mean(1).view(b, 1, 1)
    contrast = send(draws.contrast).view(b, 1, 1)
    return ((mixed - grey) * contrast + grey).clamp(0, 255).view_as(pixels)


def _colour_matrices(draws: Draws) -> NDArray[np.float32]:
    """(b, 3, 3): hue is a turn round the grey axis in YIQ, saturation scales away from grey, brightness all."""
    to_yiq = np.asarray([_GREY, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
    from_yiq = np.linalg.inv(to_yiq)
    cos, sin = np.cos(draws.hue) * draws.saturation, np.sin(draws.hue) * draws.saturation
    turn = np.zeros((len(cos), 3, 3))
    turn[:, 0, 0] = 1
    turn[:, 1, 1], turn[:, 1, 2], turn[:, 2, 1], turn[:, 2, 2] = cos, -sin, sin, cos
    return (draws.brightness[:, None, None] * (from_yiq @ turn @ to_yiq)).astype(np.float32)


def _erase(pixels: Tensor, box: Tensor, fill: Tensor) -> Tensor:
    h, w = pixels.shape[2:]
    y = ((torch.arange(h, device=pixels.device) + 0.5) / h * 2 - 1).view(1, h, 1)
    x = ((torch.arange(w, device=pixels.device) + 0.5) / w * 2 - 1).view(1, 1, w)
    x0, y0, x1, y1 = (box[:, i].view(-1, 1, 1) for i in range(4))
    inside = ((x >= x0) & (x < x1) & (y >= y0) & (y < y1)).unsqueeze(1)
    return torch.where(inside, fill.view(-1, 3, 1, 1).to(pixels.dtype), pixels)
