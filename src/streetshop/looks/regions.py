"""Connected regions of small rasters, by runs and union-find, in numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import Box, Mask, box_of_mask

Raster = NDArray[np.uint8]


def components(labels: Raster) -> NDArray[np.intp]:
    """Return the (h, w) number of each pixel's region, from 0 in the order of the first pixels.

    Neighbours of one label, diagonal ones too, are of one region.
    """
    height, width = labels.shape
    starts = np.ones((height, width), np.bool_)
    starts[:, 1:] = labels[:, 1:] != labels[:, :-1]
    runs = np.cumsum(starts.ravel()).reshape(height, width) - 1
    upper: list[NDArray[np.intp]] = []
    lower: list[NDArray[np.intp]] = []
    for shift in (-1, 0, 1):
        above = np.s_[:-1, max(-shift, 0) : width - max(shift, 0)]
        below = np.s_[1:, max(shift, 0) : width - max(-shift, 0)]
        same = labels[above] == labels[below]
        # Where neither run begins, the pixels to the left have joined them already.
        same[:, 1:] &= (starts[above] | starts[below])[:, 1:]
        upper.append(runs[above][same])
        lower.append(runs[below][same])
    root = _union(int(runs[-1, -1]) + 1, np.concatenate(upper), np.concatenate(lower))
    # A set's root is its smallest member, so counting roots numbers the sets in order.
    number = np.cumsum(root == np.arange(len(root))) - 1
    numbers: NDArray[np.intp] = number[root][runs]
    return numbers


def _union(count: int, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.intp]:
    """The smallest member of each element's set after joining every a with its b."""
    root = np.arange(count, dtype=np.intp)
    while len(a):
        low, high = np.minimum(root[a], root[b]), np.maximum(root[a], root[b])
        np.minimum.at(root, high, low)
        while True:
            further = root[root]
            if (further == root).all():
                break
            root = further
        apart = root[a] != root[b]
        a, b = a[apart], b[apart]
    return root


def size(mask: Mask) -> int:
    """Return the number of true pixels; many times as fast as ``mask.sum()``."""
    return int(np.count_nonzero(mask))


def parts_of(mask: Mask) -> list[Mask]:
    """Return the connected parts of ``mask`` from the largest, each as a mask of the same shape."""
    return parts_by_label(mask.astype(np.uint8)).get(1, [])


def parts_by_label(labels: Raster) -> dict[int, list[Mask]]:
    """Return the connected parts of each label but 0 from the largest, each as a mask of the same shape."""
    if not labels.any():
        return {}
    around = box_of_mask(labels > 0).slices()
    numbers = components(labels[around])
    sizes = np.bincount(numbers.ravel())
    label_of = np.zeros(len(sizes), np.uint8)
    label_of[numbers] = labels[around]
    parts: dict[int, list[Mask]] = {}
    for i in np.argsort(-sizes, kind="stable"):
        if label_of[i]:
            part = np.zeros(labels.shape, np.bool_)
            part[around] = numbers == i
            parts.setdefault(int(label_of[i]), []).append(part)
    return parts


def gap(a: Box, b: Box) -> float:
    """Return the distance of two boxes, 0 when they touch or overlap."""
    across = max(a.x0 - b.x1, b.x0 - a.x1, 0.0)
    down = max(a.y0 - b.y1, b.y0 - a.y1, 0.0)
    return float(np.hypot(across, down))


def near_groups(boxes: list[Box], reach: float) -> list[list[int]]:
    """Group boxes that are connected by gaps of at most ``reach``; return indices, groups in order of their first."""
    pairs = [(i, j) for i in range(len(boxes)) for j in range(i) if gap(boxes[i], boxes[j]) <= reach]
    a, b = (np.asarray([pair[k] for pair in pairs], np.intp) for k in (0, 1))
    root = _union(len(boxes), a, b)
    return [np.flatnonzero(root == r).tolist() for r in np.unique(root)]
