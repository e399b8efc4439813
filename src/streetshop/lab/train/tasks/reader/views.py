"""Views of a sample: what a camera nearer, further or elsewhere would have seen, in another light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.classes import IGNORE, INDEX
from streetshop.lab.data.labelled_photos import LabelledPhoto

PADDING: Final = (127, 127, 127)
"""Colour outside the photo; the network sees zeros there."""
LABEL_STEP: Final = 2
"""Input pixels per label pixel, along each side."""
MIRRORED: Final = tuple(
    COCO_KEYPOINTS.index(
        n.replace("left", "?").replace("right", "left").replace("?", "right") if "left" in n or "right" in n else n
    )
    for n in COCO_KEYPOINTS
)
"""Place of each keypoint's other side."""

_WHOLE, _PERSON = 0.4, 0.75
"""Shares, cumulative: of whole photos, of the person or garment filling the view; the rest are close crops."""
_CLOSEST: Final = 1.8
"""Most that a kept pixel is enlarged."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture for the network.

    Attributes:
        pixels: (h, w, 3) uint8.
        labels: (h/2, w/2) uint8; None when the sample has none.
        points: (17, 3) x, y in input pixels and visibility; None when nobody looked for any.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    points: NDArray[np.float32] | None


def draw_view(sample: LabelledPhoto, size: tuple[int, int], rng: np.random.Generator) -> View:
    """A random view of ``size`` (height, width)."""
    height, width = size
    h, w = sample.pixels.shape[:2]
    x0, y0, x1, y1 = _subject(sample)
    kind = rng.random()
    if kind < _WHOLE:
        zoom = min(height / h, width / w) * math.exp(rng.uniform(math.log(0.85), math.log(1.3)))
        centre = np.asarray([w / 2, h / 2]) + rng.uniform(-0.08, 0.08, 2) * (w, h)
    elif kind < _PERSON:
        zoom = min(height / (y1 - y0), width / (x1 - x0)) * rng.uniform(0.75, 1.05)
        centre = np.asarray([(x0 + x1) / 2, (y0 + y1) / 2]) + rng.uniform(-0.08, 0.08, 2) * (x1 - x0, y1 - y0)
    else:
        zoom = height / (max(y1 - y0, 32) * rng.uniform(0.25, 0.7))
        centre = _interesting(sample, rng) + rng.uniform(-0.15, 0.15, 2) * (width / zoom, height / zoom)
    zoom = min(zoom, _CLOSEST)
    angle = math.radians(rng.normal(0, 12 if sample.source == "single" else 4))
    stretch = math.exp(rng.uniform(-0.08, 0.08))
    flip = rng.random() < 0.5
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    # From view to sample; the centre of the view lands on ``centre``.
    matrix = np.asarray([[cos * stretch * (-1 if flip else 1), -sin], [sin * stretch * (-1 if flip else 1), cos]])
    offset = centre - matrix @ (width / 2, height / 2)
    return View(
        _warp(sample.pixels, matrix, offset, size, Image.Resampling.BILINEAR, PADDING),
        None if sample.labels is None else _warp_labels(sample.labels, matrix, offset, size),
        None if sample.points is None else _move(sample.points, matrix, offset, flip),
    )


def whole_view(sample: LabelledPhoto, size: tuple[int, int]) -> View:
    """The whole photo, letterboxed into ``size`` (height, width) as the serving side does it."""
    height, width = size
    h, w = sample.pixels.shape[:2]
    zoom = min(height / h, width / w)
    matrix = np.eye(2) / zoom
    offset = np.asarray([w / 2, h / 2]) - matrix @ (width / 2, height / 2)
    return View(
        _warp(sample.pixels, matrix, offset, size, Image.Resampling.BILINEAR, PADDING),
        None if sample.labels is None else _warp_labels(sample.labels, matrix, offset, size),
        None if sample.points is None else _move(sample.points, matrix, offset, False),
    )


def plain_ground(view: View, rng: np.random.Generator) -> View:
    """The view as a shop would show it: what is labelled background becomes one light colour, most often white.

    The unknown rim of a cut-out goes with the background, so that no halo of the old ground stays; it remains unknown.
    """
    if view.labels is None:
        return view
    ground = (view.labels == INDEX["background"]) | (view.labels == IGNORE)
    h, w = view.pixels.shape[:2]
    picture = Image.fromarray(ground.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BILINEAR)
    share = np.asarray(picture, np.float32)[..., None] / 255
    level = 255.0 if rng.random() < 0.5 else rng.uniform(170, 255)
    fall = np.linspace(0, rng.uniform(0, 25), h, dtype=np.float32)[:, None, None]
    light = np.float32(level) * rng.uniform(0.96, 1.0, 3).astype(np.float32) - fall
    pixels = view.pixels * (1 - share) + light * share
    return View(pixels.clip(0, 255).astype(np.uint8), view.labels, view.points)


def relight(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """(b, h, w, 3) pixels 0..255 under other light: exposure, contrast, colour cast, saturation, noise."""
    b = len(images)

    def factor(low: float, high: float, channels: int = 1) -> NDArray[np.float32]:
        return np.exp(rng.uniform(math.log(low), math.log(high), (b, 1, 1, channels))).astype(np.float32)

    images = images * factor(0.65, 1.4) * factor(0.9, 1.1, 3)
    grey = images.mean(axis=3, keepdims=True)
    images = grey + (images - grey) * factor(0.4, 1.5)
    middle = images.mean(axis=(1, 2, 3), keepdims=True)
    images = middle + (images - middle) * factor(0.75, 1.3)
    noise = rng.uniform(0, 6, (b, 1, 1, 1)).astype(np.float32)
    images = images + noise * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 255)


def _subject(sample: LabelledPhoto) -> tuple[float, float, float, float]:
    """Box of what is not background; of the keypoints; or of the whole photo."""
    h, w = sample.pixels.shape[:2]
    if sample.labels is not None:
        found = (sample.labels > 0) & (sample.labels < 255)
        ys, xs = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        if len(ys) > 8 and len(xs) > 8:
            return float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1)
    elif sample.points is not None:
        seen = sample.points[sample.points[:, 2] > 0]
        if len(seen) > 4:
            (x0, y0), (x1, y1) = seen[:, :2].min(0), seen[:, :2].max(0)
            pad = 0.1 * (y1 - y0) + 4
            return max(x0 - 2 * pad, 0), max(y0 - pad, 0), min(x1 + 2 * pad, w), min(y1 + pad, h)
    return 0.0, 0.0, float(w), float(h)


def _interesting(sample: LabelledPhoto, rng: np.random.Generator) -> NDArray[np.float64]:
    """A pixel of a class drawn evenly from those present, so that small things are looked at as often as large."""
    if sample.labels is not None:
        garments = [c for c in sample.allowed if c != INDEX["background"]]
        if garments:
            ys, xs = np.nonzero(sample.labels == garments[rng.integers(len(garments))])
            if len(ys):
                i = rng.integers(len(ys))
                return np.asarray([xs[i] + 0.5, ys[i] + 0.5])
    x0, y0, x1, y1 = _subject(sample)
    return rng.uniform((x0, y0), (x1, y1))


def _warp(
    pixels: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    size: tuple[int, int],
    resampling: Image.Resampling,
    fill: int | tuple[int, int, int],
) -> NDArray[np.uint8]:
    data = (*matrix[0], offset[0], *matrix[1], offset[1])
    image = Image.fromarray(pixels).transform(
        (size[1], size[0]), Image.Transform.AFFINE, data, resample=resampling, fillcolor=fill
    )
    return np.asarray(image)


def _warp_labels(
    labels: NDArray[np.uint8], matrix: NDArray[np.float64], offset: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    size = (size[0] // LABEL_STEP, size[1] // LABEL_STEP)
    return _warp(labels, matrix * LABEL_STEP, offset, size, Image.Resampling.NEAREST, 0)


def _move(
    points: NDArray[np.float32], matrix: NDArray[np.float64], offset: NDArray[np.float64], flip: bool
) -> NDArray[np.float32]:
    moved = points.copy()
    moved[:, :2] = (points[:, :2] - offset) @ np.linalg.inv(matrix).T
    return moved[list(MIRRORED)] if flip else moved
