"""Pixel similarity of two pictures under the best alignment: cropped, mirrored, or as they are.

Features do not separate near duplicates from different garments in the same scene; pixels do.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 48
"""Side of a thumbnail in pixels, whatever the picture's aspect ratio: a crop is then a shift and two scales."""
_COARSE: Final = 16
_STEP: Final = SIDE // _COARSE
_LEAST_CROP: Final = 11
"""Smallest side of a crop, of 16."""
_BLUR: Final = 2.25
"""Standard deviation in pixels; smoother content is light and background, which other shots share."""
_COLOURS: Final = 50.0
_SURE: Final = 0.85
_HOPELESS: Final = 0.8
_BATCH: Final = 256

Thumbnails = NDArray[np.uint8]
Values = NDArray[np.float32]


def thumbnail_of(pixels: NDArray[np.uint8]) -> Thumbnails:
    """(48, 48, 3) of a picture of any shape."""
    image = Image.fromarray(pixels)
    # reduce() first: the box filter over a large picture would take as long as the encoder
    factor = max(min(image.size) // (4 * SIDE), 1)
    return np.asarray(image.reduce(factor).resize((SIDE, SIDE), Image.Resampling.BOX))


def likeness(left: Thumbnails, right: Thumbnails) -> Values:
    """(n,) similarity of two pictures under the best alignment, -1 to 1; near copies have 0.8 and more.

    The minimum of two: the correlation of the fine structure, and 1 - d / 50 with d the mean difference of the blurred
    colours in levels of 255.

    Args:
        left: (n, 48, 48, 3).
        right: (n, 48, 48, 3); either may be a crop of the other (down to two thirds of a side), mirrored or not.
    """
    out = np.empty(len(left), np.float32)
    for start in range(0, len(left), _BATCH):
        part = slice(start, start + _BATCH)
        out[part] = _likeness(left[part], right[part])
    return out


def _likeness(left: Thumbnails, right: Thumbnails) -> Values:
    mirrored = right[:, :, ::-1]
    best = np.full(len(left), -1.0, np.float32)
    for other in (right, mirrored):
        best = np.maximum(best, _agreement(left, other))
    unsure = np.flatnonzero(best < _SURE)
    if len(unsure):
        best[unsure] = np.maximum(best[unsure], _as_crops(left[unsure], right[unsure], mirrored[unsure]))
    return best


def _agreement(left: NDArray[np.generic], right: NDArray[np.generic]) -> Values:
    """(n,) similarity of (n, h, w, 3) pictures without alignment."""
    (a, soft_a), (b, soft_b) = _parts(left), _parts(right)
    n = len(left)
    correlation = (_standard(a.reshape(n, -1)) * _standard(b.reshape(n, -1))).sum(axis=1)
    return np.minimum(correlation, 1 - np.abs(soft_a - soft_b).reshape(n, -1).mean(axis=1) / _COLOURS)


def _as_crops(left: Thumbnails, right: Thumbnails, mirrored: Thumbnails) -> Values:
    """(n,) similarity as a crop: four ways at low resolution, the best of them at full resolution."""
    ways = [(left, right), (left, mirrored), (right, left), (mirrored, left)]
    fits = [_coarse_fit(whole, piece) for whole, piece in ways]
    scores = np.stack([score for score, _ in fits])
    best = scores.argmax(axis=0)
    out = np.full(len(left), -1.0, np.float32)
    for i in np.flatnonzero(scores.max(axis=0) >= _HOPELESS).tolist():
        whole, piece = ways[best[i]]
        out[i] = _refined(whole[i], piece[i], *(_STEP * fits[best[i]][1][i]).tolist())
    return out


def _coarse_fit(whole: Thumbnails, piece: Thumbnails) -> tuple[Values, NDArray[np.intp]]:
    """Best window of ``whole`` for ``piece`` in grey at 16 x 16 pixels.

    Returns:
        (n,) correlation, and (n, 4) the window as y, x, height, width.
    """
    grey = [resize(x.mean(axis=3, keepdims=True, dtype=np.float32), _COARSE, _COARSE) for x in (whole, piece)]
    best, window = np.full(len(whole), -2.0, np.float32), np.zeros((len(whole), 4), np.intp)
    for height, width in _shapes():
        template = _standard(resize(grey[1], height, width).reshape(len(piece), -1))
        scores = np.einsum("npk,nk->np", _windows(grey[0], height, width), template)
        place = scores.argmax(axis=1)
        score = scores[np.arange(len(whole)), place]
        better = score > best
        best[better] = score[better]
        y, x = np.divmod(place, _COARSE - width + 1)
        window[better] = np.stack([y, x, np.full_like(y, height), np.full_like(y, width)], axis=1)[better]
    return best, window


def _refined(whole: Thumbnails, piece: Thumbnails, y: int, x: int, height: int, width: int) -> float:
    """Best similarity of windows within two pixels of ``height`` x ``width`` at (y, x)."""
    best, fit = -1.0, (0, 0, 1, 1)
    fine = _parts(whole[None])[0][0]
    for h in range(height - 2, min(height + 2, SIDE) + 1):
        for w in range(width - 2, min(width + 2, SIDE) + 1):
            template = _standard(_parts(resize(piece[None].astype(np.float32), h, w))[0].reshape(-1))
            top, left = max(min(y - 2, SIDE - h), 0), max(min(x - 2, SIDE - w), 0)
            region = fine[top : y + h + 2, left : x + w + 2]
            scores = _windows(region[None], h, w)[0] @ template
            if scores.max() > best:
                down, across = divmod(int(scores.argmax()), region.shape[1] - w + 1)
                best, fit = float(scores.max()), (top + down, left + across, h, w)
    y, x, h, w = fit
    soft = np.abs(
        _parts(whole[None, y : y + h, x : x + w])[1] - _parts(resize(piece[None].astype(np.float32), h, w))[1]
    )
    return min(best, 1 - float(soft.mean()) / _COLOURS)


def _parts(pictures: NDArray[np.generic]) -> tuple[Values, Values]:
    """Split (n, h, w, c) into fine structure and its Gaussian blur."""
    from scipy.ndimage import gaussian_filter

    values = pictures.astype(np.float32)
    soft = gaussian_filter(values, (0, _BLUR, _BLUR, 0), truncate=2.5)
    return values - soft, soft


@cache
def _shapes() -> tuple[tuple[int, int], ...]:
    """Heights and widths of crops, of 16, that nearly keep the aspect ratio."""
    sizes = range(_LEAST_CROP, _COARSE + 1)
    return tuple((h, w) for h in sizes for w in sizes if abs(h - w) <= 2)


def _windows(pictures: NDArray[np.generic], height: int, width: int) -> Values:
    """(n, positions, values) standardised windows of (n, h, w, c) pictures."""
    view = np.lib.stride_tricks.sliding_window_view(pictures, (height, width), axis=(1, 2))
    n, rows, columns = view.shape[:3]
    return _standard(np.moveaxis(view, 3, -1).reshape(n, rows * columns, -1))


def resize(pictures: Values, height: int, width: int) -> Values:
    """(n, height, width, c) by area averaging."""
    down = np.matmul(_areas(pictures.shape[1], height), pictures.reshape(*pictures.shape[:2], -1))
    down = down.reshape(len(pictures), height, pictures.shape[2], -1)
    return np.matmul(_areas(pictures.shape[2], width), down)


@cache
def _areas(old: int, new: int) -> Values:
    """(new, old) weights of area averaging."""
    edges = np.linspace(0, old, new + 1)
    low, high = np.maximum(edges[:-1, None], np.arange(old)), np.minimum(edges[1:, None], np.arange(old) + 1)
    overlap = np.clip(high - low, 0, None)
    return (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)


def _standard(rows: NDArray[np.generic]) -> Values:
    """float32 with zero mean and unit length along the last axis; constant rows become zeros."""
    values = rows.astype(np.float32)
    values -= values.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(norm < 1e-3, np.inf, norm), np.float32)
