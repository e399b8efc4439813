"""Boxes, masks and keypoints, all in pixels of the upright photo, x to the right and y down.

A :class:`Box` is ``(x0, y0, x1, y1)``, half-open: it covers columns ``x0 <= x < x1`` and rows ``y0 <= y < y1``, so that
``x1 - x0`` is its width and two boxes that share an edge do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import GeometryError

Mask: TypeAlias = NDArray[np.bool_]
"""(height, width) booleans: true where the garment is."""

COCO_KEYPOINTS: tuple[str, ...] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""The 17 COCO keypoints in their official order; left and right are the person's own."""


@dataclass(frozen=True, slots=True)
class Box:
    """Corners in pixels, half-open.

    Raises:
        GeometryError: it is empty or not finite.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in self.corners):
            raise GeometryError(f"box {self.corners} is not finite", hint="Give four numbers x0, y0, x1, y1")
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            raise GeometryError(
                f"box {self.corners} is empty",
                hint="Boxes are corners x0, y0, x1, y1 in pixels with x0 < x1 and y0 < y1",
            )

    @classmethod
    def from_sequence(cls, values: Sequence[float]) -> Box:
        """Return the box of ``[x0, y0, x1, y1]``. Raises GeometryError if these are not four numbers."""
        try:
            numbers = [float(value) for value in values]
        except (TypeError, ValueError):
            raise GeometryError(f"{values!r:.80} is no box", hint="Give four numbers x0, y0, x1, y1") from None
        if len(numbers) != 4:
            raise GeometryError(f"a box has four numbers, not {len(numbers)}", hint="Give x0, y0, x1, y1")
        return cls(*numbers)

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """``(x0, y0, x1, y1)``."""
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def width(self) -> float:
        """``x1 - x0``."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """``y1 - y0``."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return ((self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2)

    def intersection(self, other: Box) -> float:
        """Return the area shared with ``other``, in square pixels."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Return intersection over union, 0 to 1."""
        shared = self.intersection(other)
        return shared / (self.area + other.area - shared)

    def clip(self, width: int, height: int) -> Box:
        """Return the part inside a picture of ``width`` x ``height``.

        Raises:
            GeometryError: no part is.
        """
        x0, y0 = max(self.x0, 0.0), max(self.y0, 0.0)
        x1, y1 = min(self.x1, float(width)), min(self.y1, float(height))
        if x1 <= x0 or y1 <= y0:
            raise GeometryError(
                f"box {self.corners} lies outside the {width} x {height} picture",
                hint="Boxes are in pixels of the upright picture",
            )
        return Box(x0, y0, x1, y1)

    def expand(self, fraction: float) -> Box:
        """Return the box grown on every side by ``fraction`` of its width and height."""
        dx, dy = self.width * fraction, self.height * fraction
        return Box(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)

    def scale(self, sx: float, sy: float) -> Box:
        """Return the box in the frame of a picture ``sx`` times as wide and ``sy`` times as high."""
        return Box(self.x0 * sx, self.y0 * sy, self.x1 * sx, self.y1 * sy)

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point lies in the box; the right and lower edges do not belong to it."""
        return self.x0 <= x < self.x1 and self.y0 <= y < self.y1

    def slices(self) -> tuple[slice, slice]:
        """Return row and column slices of the whole pixels it touches; all coordinates must be >= 0."""
        return (
            slice(math.floor(self.y0), math.ceil(self.y1)),
            slice(math.floor(self.x0), math.ceil(self.x1)),
        )


@dataclass(frozen=True, slots=True)
class Keypoint:
    """A point of the body.

    Attributes:
        x, y: in pixels.
        visibility: 0 not in the picture or unknown, 1 hidden, 2 visible.
        score: 0 to 1.
    """

    x: float
    y: float
    visibility: int = 2
    score: float = 1.0

    def __post_init__(self) -> None:
        if self.visibility not in (0, 1, 2):
            raise GeometryError(f"keypoint visibility {self.visibility} is none of 0, 1, 2")


def box_of_mask(mask: Mask) -> Box:
    """Return the smallest box around the true pixels of a mask.

    Raises:
        GeometryError: no pixel is true.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        raise GeometryError("the mask is empty")
    columns = np.flatnonzero(mask.any(axis=0))
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def mask_iou(a: Mask, b: Mask) -> float:
    """Return intersection over union of two masks of one shape; 0 when both are empty."""
    if a.shape != b.shape:
        raise GeometryError(f"masks of different shapes {a.shape} and {b.shape}")
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else 0.0


def point_inside(mask: Mask) -> tuple[float, float]:
    """Return a point (x, y) well inside ``mask``: the pixel centre furthest from its edge along row and column.

    Unlike the centroid, it never falls between two trouser legs.

    Raises:
        GeometryError: the mask is empty.
    """
    if not mask.any():
        raise GeometryError("the mask is empty")
    depth = depth_inside(mask)
    best = depth == depth.max()
    ys, xs = np.nonzero(best)
    # Of equally deep pixels take the one nearest their common middle, so the answer does not jump about.
    i = int(np.argmin((xs - xs.mean()) ** 2 + (ys - ys.mean()) ** 2))
    return float(xs[i]) + 0.5, float(ys[i]) + 0.5


def depth_inside(mask: Mask) -> NDArray[np.int32]:
    """Return for each pixel its distance to the edge of the mask along its row and column, in pixels.

    Returns:
        (h, w): the smaller of both distances, 1 at the edge of the mask or of the raster, 0 outside the mask.
    """
    return np.minimum(_run_depth(mask), _run_depth(mask.T).T)


def _run_depth(mask: Mask) -> NDArray[np.int32]:
    """For each true pixel the distance to the nearer end of its horizontal run of true pixels, 1 at the ends."""
    height, width = mask.shape
    index = np.broadcast_to(np.arange(width, dtype=np.int32), (height, width))
    last_false = np.maximum.accumulate(np.where(mask, -1, index), axis=1)
    next_false = np.minimum.accumulate(np.where(mask, width, index)[:, ::-1], axis=1)[:, ::-1]
    depth = np.minimum(index - last_false, next_false - index)
    return np.where(mask, depth, 0).astype(np.int32)


def paint_mask(mask: Mask, box: Box, width: int, height: int) -> Mask:
    """Return ``mask``, a raster of any resolution stretched over ``box``, in a picture of ``width`` x ``height``.

    Each picture pixel whose centre lies in the box takes the nearest pixel of the mask.
    """
    painted = np.zeros((height, width), dtype=np.bool_)
    rows = np.arange(max(math.ceil(box.y0 - 0.5), 0), min(math.ceil(box.y1 - 0.5), height))
    columns = np.arange(max(math.ceil(box.x0 - 0.5), 0), min(math.ceil(box.x1 - 0.5), width))
    if rows.size and columns.size:
        from_row = ((rows + 0.5 - box.y0) * (mask.shape[0] / box.height)).astype(np.intp).clip(0, mask.shape[0] - 1)
        from_column = ((columns + 0.5 - box.x0) * (mask.shape[1] / box.width)).astype(np.intp)
        painted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = mask[
            np.ix_(from_row, from_column.clip(0, mask.shape[1] - 1))
        ]
    return painted
