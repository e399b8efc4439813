"""How a photo shows a person: view, full shot, and which of the keypoints can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import COCO_KEYPOINTS, Box, Keypoint
from streetshop.core.records import Person
from streetshop.looks.pose import HIDDEN, INDEX, is_full_shot, view_of, visibility
from streetshop.models.framing import Framing, FramingHead
from streetshop.models.reader import Reading

_PLACES: Final = 6
"""Numbers that say where the person's box lies in the photo."""
_PAIRS: Final = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_OFFSETS: Final = 3 * len(_PAIRS) + 16
"""Numbers that say how the keypoints lie to each other."""
_LEAST_TORSO: Final = 0.12
"""Least length of a torso, as a share of the box's height: a wrong hip must not blow up all offsets."""
_SURE: Final = 0.5
"""Least probability at which both eyes, or both ankles, count as visible."""


def framed(box: Box, points: tuple[Keypoint, ...], reading: Reading, head: FramingHead | None) -> Person:
    """Return a person with view and full shot.

    The head decides where there is one. It also decides which eyes and ankles are visible: a heatmap has a peak on the
    back of a head too. Without a head, :func:`~streetshop.looks.pose.view_of` and
    :func:`~streetshop.looks.pose.is_full_shot` decide by the keypoints alone.

    Args:
        box: of the person, in pixels of the photo.
        points: its keypoints, in pixels of the photo; empty from a reader without them.
        reading: of the photo.
        head: made for the reader of the reading.
    """
    if head is None or reading.features is None:
        full, view = (is_full_shot(points), view_of(points)) if points else (None, None)
        return Person(box, points, full, view)
    found = head.judge(person_features(reading, box, points, head.spec.rows, head.spec.columns))
    chance = min(found.eyes, found.ankles)
    if not points:
        return Person(box, points, chance >= _SURE, found.view, chance, found.views)
    seen = visible_points(points, found)
    return Person(box, seen, is_full_shot(seen), found.view, chance, found.views)


def person_features(
    reading: Reading, box: Box, points: Sequence[Keypoint], rows: int, columns: int
) -> NDArray[np.float32]:
    """What a framing head reads of a person.

    Args:
        reading: of the photo, with features.
        box: of the person, in pixels of the photo.
        points: its keypoints; their scores are read.
        rows: of cells in the box.
        columns: of cells in the box.

    Returns:
        (features_size(rows, columns, channels),) float32: the mean of the reader's features over each cell; the score
        of each keypoint; the box's distances from the photo's edges, its height and its ratio of sides; and sideways
        offsets between keypoints, in lengths of the torso.

    Raises:
        ValueError: the reading has no features.
    """
    if reading.features is None:
        raise ValueError("a reading without features")
    height, width = reading.features.shape[1:]
    down = _cells(box.y0 / reading.height, box.y1 / reading.height, rows, height)
    across = _cells(box.x0 / reading.width, box.x1 / reading.width, columns, width)
    # Features of a person, in the order of cells: row by row.
    means = np.einsum("rh,chw,kw->rkc", down, reading.features, across, optimize=True).ravel()
    scores = [point.score for point in points] or [0.0] * len(COCO_KEYPOINTS)
    place = [
        box.x0 / reading.width,
        box.y0 / reading.height,
        1 - box.x1 / reading.width,
        1 - box.y1 / reading.height,
        box.height / reading.height,
        box.width / max(box.height, 1.0),
    ]
    return np.concatenate([means, scores, place, _offsets(points, box)]).astype(np.float32)


def points_size() -> int:
    """Return how many of :func:`person_features`, the last ones, do not come from the reader's map."""
    return len(COCO_KEYPOINTS) + _PLACES + _OFFSETS


def features_size(rows: int, columns: int, channels: int) -> int:
    """Return the length of :func:`person_features`."""
    return rows * columns * channels + points_size()


def _offsets(points: Sequence[Keypoint], box: Box) -> list[float]:
    """How keypoints lie to each other sideways, in lengths of the torso; zeros without keypoints.

    Left minus right of each pair, its size, and the difference of scores; then where the nose and the eyes are beside
    the ears and the shoulders, and where joints are beside the joint above. On a side view the nose is beside the ears,
    and both shoulders are in one place.
    """
    if not points:
        return [0.0] * _OFFSETS
    x = {name: points[i].x for name, i in INDEX.items()}
    y = {name: points[i].y for name, i in INDEX.items()}
    score = {name: points[i].score for name, i in INDEX.items()}

    def middle(of: Mapping[str, float], pair: str) -> float:
        return (of[f"left_{pair}"] + of[f"right_{pair}"]) / 2

    shoulders, hips, eyes = (middle(x, pair) for pair in ("shoulder", "hip", "eye"))
    length = math.hypot(shoulders - hips, middle(y, "shoulder") - middle(y, "hip"))
    torso = max(length, _LEAST_TORSO * box.height, 1.0)

    def beside(value: float, other: float, times: float = 1.0) -> float:
        return max(-1.5, min(1.5, times * (value - other) / torso))

    found = []
    for pair in _PAIRS:
        left, right = f"left_{pair}", f"right_{pair}"
        across = beside(x[left], x[right])
        found += [across, abs(across), score[left] - score[right]]
    # The ear that is surer says where the head is.
    certain = score["left_ear"] + score["right_ear"]
    weighted = x["left_ear"] * score["left_ear"] + x["right_ear"] * score["right_ear"] + 1e-6 * shoulders
    ears = weighted / (certain + 1e-6)
    nose = beside(x["nose"], ears, 2)
    found += [nose, beside(x["nose"], shoulders, 2), beside(eyes, ears, 2), beside(eyes, shoulders, 2), abs(nose)]
    found += [beside(shoulders, hips), beside(x["left_knee"], hips), beside(x["right_knee"], hips)]
    found += [beside(x[f"{side}_ankle"], x[f"{side}_knee"]) for side in ("left", "right")]
    found += [beside(x[f"{side}_elbow"], shoulders) for side in ("left", "right")]
    found += [beside(x[f"{side}_wrist"], hips) for side in ("left", "right")]
    return [*found, torso / max(box.height, 1.0), box.width / torso / 3]


def _cells(start: float, end: float, cells: int, size: int) -> NDArray[np.float32]:
    """(cells, size) share of each of ``size`` pixels in the mean over each of the cells from ``start`` to ``end``.

    ``start`` and ``end`` are from 0 to 1.
    """
    edges = np.linspace(start * size, end * size, cells + 1)
    pixels = np.arange(size)
    share = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    share = share.clip(min=0)
    weights: NDArray[np.float32] = (share / share.sum(axis=1, keepdims=True).clip(min=1e-6)).astype(np.float32)
    return weights


def visible_points(points: Sequence[Keypoint], found: Framing) -> tuple[Keypoint, ...]:
    """Return the keypoints with the visibility of eyes, nose and ankles that a framing head gives them.

    Both eyes (ankles) are visible if that is more probable than not and both were located. If not, the less certain one
    of the two is hidden. On a back, both eyes and the nose are hidden. Scores are multiplied by the probability.
    """
    kept = list(points)
    for pair, chance in (("eye", found.eyes), ("ankle", found.ankles)):
        places = [INDEX[f"left_{pair}"], INDEX[f"right_{pair}"]]
        if chance >= _SURE:
            for i in places:
                kept[i] = replace(kept[i], visibility=2 if kept[i].score >= HIDDEN else 0)
        else:
            _dim(kept, min(places, key=lambda i: points[i].score), chance)
    if found.view == "back" and found.eyes < _SURE:
        for name in ("nose", "left_eye", "right_eye"):
            if kept[INDEX[name]].visibility == 2:
                _dim(kept, INDEX[name], found.eyes)
    return tuple(kept)


def _dim(points: list[Keypoint], place: int, chance: float) -> None:
    """Multiply the score of a point; it is hidden at most."""
    score = round(points[place].score * chance, 4)
    points[place] = replace(points[place], score=score, visibility=min(visibility(score), 1))
