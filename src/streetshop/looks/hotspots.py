"""Where the markers of garments belong: one rule for each kind, always on the garment, and apart from each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import Box, Keypoint, Mask, depth_inside, point_inside
from streetshop.core.records import Garment
from streetshop.looks.pose import INDEX

Place: TypeAlias = Literal["centre", "leg", "inside"]
"""Where a marker belongs: in the middle of the box; a quarter of the way from knee to hip; where the garment is
widest."""

PLACES: Final[Mapping[str, Place]] = {
    "footwear": "inside",  # the middle of a pair lies between the shoes
    "bag": "inside",  # the middle of the box may lie in the loop of the strap
    "hat": "inside",
    "scarf": "inside",
    "accessory": "inside",
}
"""Of the classes that are not on a leg. All others, such as dresses, have theirs in the middle of the box, as tops do
in method 3."""

LEAST_APART: Final = 40.0
"""Least distance of two markers, in pixels of the photo."""
LEAST_APART_SHARE: Final = 0.05
"""The same as a share of the photo's shorter side, where that is more: large photos are shown small."""
_DEEP: Final = 6
"""How far from the edge of its garment a marker lies, in pixels of the mask, where the garment is that wide."""
_DEEP_SHARE: Final = 0.6
"""Elsewhere, as a share of the distance that the innermost pixel has."""
_ROUNDS: Final = 3
_LEGS: Final = (("left_knee", "left_hip"), ("right_knee", "right_hip"))


def place_of(category: str, on_leg: Collection[str]) -> Place:
    """Return where the marker of a class belongs; ``on_leg`` as in ``ClassRules.on_leg``."""
    return "leg" if category in on_leg else PLACES.get(category, "centre")


def hotspot(mask: Mask, box: Box, points: Sequence[Keypoint], place: Place) -> tuple[float, float]:
    """Return the point where a garment's marker belongs; it always lies on the garment.

    Markers of tops and of legwear follow "Buy me that look" (method 3): the middle of the box; a quarter of the way
    from knee to hip, on the leg that is more visible. Where the keypoints are unknown, the middle of the box is meant.
    If that point is not well inside the garment, the nearest one that is well inside is taken.

    Args:
        mask: of the garment, a raster stretched over ``box``.
        box: of the garment, in pixels of the photo.
        points: keypoints of the person who wears it; may be empty.
        place: see :func:`place_of`.

    Returns:
        (x, y) in pixels of the photo.
    """
    if place == "inside":
        x, y = point_inside(mask)
        return box.x0 + x * box.width / mask.shape[1], box.y0 + y * box.height / mask.shape[0]
    return _Inside(mask, box).nearest(_wanted(box, points, place), ())


def spread(garments: Sequence[Garment], width: int, height: int) -> tuple[Garment, ...]:
    """Move the hotspots of a photo's garments apart, each on its own garment.

    They are at least :data:`LEAST_APART` pixels and :data:`LEAST_APART_SHARE` of the shorter side apart, where the
    garments leave room for that; else as far apart as is found. The smallest garments, which have the least room, are
    placed first, so the larger ones give way.

    Args:
        garments: of one photo.
        width: of the photo in pixels.
        height: the same.
    """
    apart = max(LEAST_APART, LEAST_APART_SHARE * min(width, height))
    spots = [garment.hotspot for garment in garments]
    shapes = [_Inside(_mask(garment), garment.box) for garment in garments]
    order = sorted(range(len(garments)), key=lambda i: shapes[i].area)
    for step in range(_ROUNDS):
        moved = False
        for rank, i in enumerate(order):
            # The first time, those that have been placed; then all, so that an early one may give way to a late one.
            others = [spots[j] for j in (order[:rank] if step == 0 else order) if j != i]
            if others and min(math.dist(spots[i], other) for other in others) < apart:
                spots[i], moved = shapes[i].nearest(garments[i].hotspot, others, apart), True
        if not moved:
            break
    return tuple(replace(garment, hotspot=spot) for garment, spot in zip(garments, spots, strict=True))


def closest(spots: Sequence[tuple[float, float]]) -> float:
    """Return the smallest distance of two hotspots in pixels; infinity for fewer than two."""
    pairs = (math.dist(one, other) for i, one in enumerate(spots) for other in spots[:i])
    return min(pairs, default=math.inf)


def _mask(garment: Garment) -> Mask:
    return garment.mask if garment.mask is not None and garment.mask.any() else np.ones((32, 32), np.bool_)


def _wanted(box: Box, points: Sequence[Keypoint], place: Place) -> tuple[float, float]:
    """Where the marker would be if the garment were there."""
    if place == "leg" and points:
        legs = [(points[INDEX[knee]], points[INDEX[hip]]) for knee, hip in _LEGS]
        knee, hip = max(legs, key=lambda leg: min((p.visibility, p.score) for p in leg))
        if knee.visibility and hip.visibility:
            return (knee.x + (hip.x - knee.x) / 4, knee.y + (hip.y - knee.y) / 4)
    return box.center


class _Inside:
    """The places on a garment where a marker may be.

    Args:
        mask: of the garment, a raster stretched over ``box``.
        box: in pixels of the photo.
    """

    def __init__(self, mask: Mask, box: Box) -> None:
        self._box = box
        self._scale = (box.width / mask.shape[1], box.height / mask.shape[0])
        depth = depth_inside(mask)
        self._deep = depth >= max(min(_DEEP, _DEEP_SHARE * float(depth.max())), 1)
        self._mask = mask
        self.area = float(np.count_nonzero(mask)) * self._scale[0] * self._scale[1]

    def nearest(
        self, wanted: tuple[float, float], others: Sequence[tuple[float, float]], apart: float = 0.0
    ) -> tuple[float, float]:
        """The point nearest to ``wanted`` that is well inside and ``apart`` from the others.

        If there is none, one nearer to the edge; if there is none either, the one farthest from the others.
        """
        if self._is_deep(*wanted) and all(math.dist(wanted, other) >= apart for other in others):
            return wanted
        for where in (self._deep, self._mask):
            points = self._points(where)
            clear = points[_distance(points, others) >= apart]
            if len(clear):
                return _point(clear[int(np.argmin(np.hypot(*(clear - wanted).T)))])
        points = self._points(self._mask)
        return _point(points[int(np.argmax(_distance(points, others)))])

    def _is_deep(self, x: float, y: float) -> bool:
        if not self._box.contains(x, y):
            return False
        row = min(int((y - self._box.y0) / self._scale[1]), self._mask.shape[0] - 1)
        column = min(int((x - self._box.x0) / self._scale[0]), self._mask.shape[1] - 1)
        return bool(self._deep[row, column])

    def _points(self, where: Mask) -> NDArray[np.float64]:
        """(n, 2) centres of pixels, x and y in pixels of the photo."""
        rows, columns = np.nonzero(where)
        return np.stack(
            [self._box.x0 + (columns + 0.5) * self._scale[0], self._box.y0 + (rows + 0.5) * self._scale[1]], axis=1
        )


def _distance(points: NDArray[np.float64], others: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """(n,) distance of each point to the nearest of some others."""
    if not others:
        return np.full(len(points), np.inf)
    gaps = points[:, None, :] - np.asarray(others)[None, :, :]
    nearest: NDArray[np.float64] = np.hypot(gaps[..., 0], gaps[..., 1]).min(axis=1)
    return nearest


def _point(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])
