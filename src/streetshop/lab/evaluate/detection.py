"""Boxes: average precision as COCO computes it, and detect-then-match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one picture.

    Attributes:
        corners: (n, 4) x0, y0, x1, y1 in pixels.
        labels: (n,) class numbers.
        scores: (n,) confidence; empty for truth.
    """

    corners: NDArray[np.float64]
    labels: NDArray[np.intp]
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, corners: ArrayLike, labels: ArrayLike, scores: ArrayLike | None = None) -> Boxes:
        """From anything array-like.

        Raises:
            MeasureError: the lengths differ.
        """
        boxes = np.asarray(corners, dtype=np.float64).reshape(-1, 4)
        names = np.asarray(labels, dtype=np.intp).reshape(-1)
        sure = np.zeros(0) if scores is None else np.asarray(scores, dtype=np.float64).reshape(-1)
        if len(names) != len(boxes) or (scores is not None and len(sure) != len(boxes)):
            raise MeasureError(f"{len(boxes)} boxes, {len(names)} labels and {len(sure)} scores", hint="One of each")
        return cls(boxes, names, sure)


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """AP at one IoU threshold.

    Attributes:
        by_class: AP of every class that has true boxes; 101-point interpolation.
        truths: number of true boxes of each class.
        without_truth: classes that were detected but never true; they have no AP.
    """

    by_class: dict[int, float]
    truths: dict[int, int]
    without_truth: tuple[int, ...]
    iou: float

    @property
    def mean(self) -> float:
        """Mean over classes; NaN when there are none."""
        return float(np.mean(list(self.by_class.values()))) if self.by_class else float("nan")


def box_iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(n, m) intersection over union of (n, 4) and (m, 4) corners; 0 for empty boxes."""
    p, q = np.asarray(a, dtype=np.float64).reshape(-1, 1, 4), np.asarray(b, dtype=np.float64).reshape(1, -1, 4)
    sides = np.minimum(p[..., 2:], q[..., 2:]) - np.maximum(p[..., :2], q[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    union = np.maximum(p[..., 2:] - p[..., :2], 0).prod(-1) + np.maximum(q[..., 2:] - q[..., :2], 0).prod(-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def average_precision(
    detected: Sequence[Boxes], truth: Sequence[Boxes], *, iou: float = 0.5, limit: int = 100
) -> AveragePrecision:
    """AP of each class over pictures, as COCO computes it.

    Detections are matched greedily by score; precision is made monotone and read at recall 0, .01 ... 1.

    Args:
        detected: boxes with scores, of each picture.
        truth: boxes of each picture.
        iou: least overlap of a match; 0.5 gives AP50.
        limit: detections of a picture and class that count, those of the highest scores.

    Raises:
        MeasureError: the lists differ in length, or scores are missing.
    """
    if len(detected) != len(truth):
        raise MeasureError(f"detections of {len(detected)} pictures, truth of {len(truth)}")
    if any(len(d.scores) != len(d.labels) for d in detected):
        raise MeasureError("detections without scores", hint="Give Boxes.of(corners, labels, scores)")
    true_classes = sorted({int(c) for t in truth for c in t.labels})
    found_classes = {int(c) for d in detected for c in d.labels}
    by_class, truths = {}, {}
    for label in true_classes:
        scores: list[NDArray[np.float64]] = []
        right: list[NDArray[np.bool_]] = []
        count = 0
        for found, real in zip(detected, truth, strict=True):
            boxes = real.corners[real.labels == label]
            mine = np.flatnonzero(found.labels == label)
            mine = mine[np.argsort(-found.scores[mine], kind="stable")][:limit]
            count += len(boxes)
            scores.append(found.scores[mine])
            right.append(_greedy(box_iou(found.corners[mine], boxes), iou))
        by_class[label] = _interpolated(np.concatenate(scores), np.concatenate(right), count)
        truths[label] = count
    return AveragePrecision(by_class, truths, tuple(sorted(found_classes - set(true_classes))), iou)


def match_queries(truth: Boxes, detected: Boxes, *, iou: float = 0.5, same_label: bool = True) -> NDArray[np.intp]:
    """Assign detections to true boxes; pairs of the largest overlap first, ties by score.

    Args:
        truth: boxes of one picture.
        detected: boxes of the same picture.
        iou: least overlap of a pair.
        same_label: whether only boxes of one label are paired.

    Returns:
        (n,) number of each true box's detection, or -1 where it was missed (``missed`` of ``evaluate``).
    """
    overlap = box_iou(truth.corners, detected.corners)
    if same_label:
        overlap = np.where(truth.labels[:, None] == detected.labels[None, :], overlap, 0.0)
    matched = np.full(len(truth.labels), -1, dtype=np.intp)
    pairs = np.argwhere(overlap >= iou)
    sure = detected.scores if len(detected.scores) else np.zeros(len(detected.labels))
    order = np.lexsort((-sure[pairs[:, 1]], -overlap[pairs[:, 0], pairs[:, 1]]))
    taken: set[int] = set()
    for item, box in pairs[order].tolist():
        if matched[item] < 0 and box not in taken:
            matched[item] = box
            taken.add(box)
    return matched


def _greedy(overlap: NDArray[np.float64], iou: float) -> NDArray[np.bool_]:
    """(detections,) bool: whether each, in the order given, matches a true box that no earlier one matched."""
    free = np.ones(overlap.shape[1], dtype=np.bool_)
    right = np.zeros(overlap.shape[0], dtype=np.bool_)
    for i, row in enumerate(overlap):
        candidates = np.where(free, row, -1.0)
        if candidates.size and candidates.max() >= min(iou, 1 - 1e-10):
            # Of equal overlaps COCO's loop keeps the last.
            best = len(candidates) - 1 - int(np.argmax(candidates[::-1]))
            free[best] = False
            right[i] = True
    return right


def _interpolated(scores: NDArray[np.float64], right: NDArray[np.bool_], truths: int) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    recall = hits / truths
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.where(at < len(precision), np.append(precision, 0.0)[np.minimum(at, len(precision))], 0.0).mean())
