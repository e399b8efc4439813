"""Whether two small pictures are one and the same shot: laid over each other, cropped or mirrored, as it fits best.

Features say what a picture is about: two pairs of jeans on one floor are as near as a picture and its own crop.
Pixels tell them apart.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 32
"""Side of a thumbnail in pixels, whatever the picture's own shape: cropping it is then a shift and two scales."""
_COARSE: Final = 16
_LEAST_CROP: Final = 11
"""Of 16: the smallest part of a side that a cropped copy may show."""
_BATCH: Final = 256

Thumbnails = NDArray[np.uint8]
Values = NDArray[np.float32]


def likeness(left: Thumbnails, right: Thumbnails) -> Values:
    """(n,) correlation of the pixel values of two pictures where they fit best, -1 to 1.

    Args:
        left, right: (n, 32, 32, 3); either may be a crop of the other (down to two thirds of a side), mirrored or not.
    """
    best = np.full(len(left), -1.0, np.float32)
    for start in range(0, len(left), _BATCH):
        part = slice(start, start + _BATCH)
        for flipped in (right[part], right[part][:, :, ::-1]):
            for whole, piece in ((left[part], flipped), (flipped, left[part])):
                best[part] = np.maximum(best[part], _as_crop(whole, piece))
    return best


def as_they_lie(left: Thumbnails, right: Thumbnails) -> Values:
    """(n,) the correlation without any shift, the better of straight and mirrored: fast, and blind to crops."""
    a = _standard(left.reshape(len(left), -1))
    straight, mirrored = (_standard(r.reshape(len(right), -1)) for r in (right, right[:, :, ::-1]))
    return np.maximum((a * straight).sum(axis=1), (a * mirrored).sum(axis=1))


def _as_crop(whole: Thumbnails, piece: Thumbnails) -> Values:
    """(n,) correlation of ``piece`` with the window of ``whole`` that it fits best: found in grey at 16 pixels a side,
    then refined in colour at 32."""
    grey_whole, grey_piece = (_resize(x.mean(axis=3, keepdims=True, dtype=np.float32), _COARSE, _COARSE) for x in (whole, piece))
    best, window = np.full(len(whole), -2.0, np.float32), np.zeros((len(whole), 4), np.intp)
    for height, width in _shapes():
        windows = _windows(grey_whole, height, width)
        template = _standard(_resize(grey_piece, height, width).reshape(len(piece), -1))
        scores = np.einsum("npk,nk->np", windows, template)
        place = scores.argmax(axis=1)
        score = scores[np.arange(len(whole)), place]
        better = score > best
        best[better] = score[better]
        y, x = np.divmod(place, _COARSE - width + 1)
        window[better] = np.stack([y, x, np.full_like(y, height), np.full_like(y, width)], axis=1)[better]
    fine = [_refined(whole[i], piece[i], *(2 * window[i])) if best[i] > 0.7 else best[i] for i in range(len(whole))]
    return np.array(fine, np.float32)


def _refined(whole: NDArray[np.uint8], piece: NDArray[np.uint8], y: int, x: int, height: int, width: int) -> float:
    """The best correlation for windows up to a pixel larger, smaller or beside ``height`` x ``width`` at (y, x)."""
    best = -1.0
    for h in range(max(height - 1, 4), min(height + 1, SIDE) + 1):
        for w in range(max(width - 1, 4), min(width + 1, SIDE) + 1):
            template = _standard(_resize(piece[None].astype(np.float32), h, w).reshape(1, -1))[0]
            top, left = max(min(y - 1, SIDE - h), 0), max(min(x - 1, SIDE - w), 0)
            region = whole[top : y + h + 1, left : x + w + 1]
            best = max(best, float((_windows(region[None], h, w)[0] @ template).max()))
    return best


@cache
def _shapes() -> tuple[tuple[int, int], ...]:
    """Heights and widths of crops, of 16, that nearly keep the picture's shape."""
    sizes = range(_LEAST_CROP, _COARSE + 1)
    return tuple((h, w) for h in sizes for w in sizes if abs(h - w) <= 2)


def _windows(pictures: NDArray[np.generic], height: int, width: int) -> Values:
    """(n, positions, values) all windows of (n, h, w, c) pictures, each standardised."""
    view = np.lib.stride_tricks.sliding_window_view(pictures, (height, width), axis=(1, 2))
    n, rows, columns = view.shape[:3]
    return _standard(np.moveaxis(view, 3, -1).reshape(n, rows * columns, -1))


def _resize(pictures: Values, height: int, width: int) -> Values:
    """(n, height, width, c) by area: each pixel is the mean of what it covers."""
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
    """float32 with zero mean and unit length along the last axis; plain ones become zeros."""
    values = rows.astype(np.float32)
    values -= values.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.where(norm < 1e-3, np.inf, norm), np.float32)
