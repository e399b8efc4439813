"""Pixel labels and keypoints: confusion matrix, IoU, pixel accuracy, PCK."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError


@dataclass(slots=True, eq=False)
class Confusion:
    """Counts of (true class, predicted class) over all pixels added so far.

    Attributes:
        matrix: (classes, classes) int64, rows are truth.
    """

    matrix: NDArray[np.int64]

    @classmethod
    def empty(cls, classes: int) -> Confusion:
        """No pixels yet."""
        return cls(np.zeros((classes, classes), dtype=np.int64))

    def add(self, predicted: ArrayLike, truth: ArrayLike, ignore: int | None = 255) -> None:
        """Count the pixels of two arrays of one shape.

        Args:
            predicted: class numbers.
            truth: class numbers.
            ignore: pixels with this *true* label are left out; None counts all.

        Raises:
            MeasureError: the shapes differ, or a label is out of range.
        """
        p, t = np.asarray(predicted), np.asarray(truth)
        if p.shape != t.shape:
            raise MeasureError(f"prediction {p.shape} and truth {t.shape} differ in shape")
        classes = len(self.matrix)
        keep = np.ones(t.shape, dtype=np.bool_) if ignore is None else t != ignore
        p, t = p[keep].astype(np.int64), t[keep].astype(np.int64)
        if t.size and (t.max() >= classes or t.min() < 0 or p.max() >= classes or p.min() < 0):
            raise MeasureError(f"a label lies outside 0 ... {classes - 1}")
        self.matrix += np.bincount(t * classes + p, minlength=classes**2).reshape(classes, classes)

    def pixel_accuracy(self) -> float:
        """Pixels of the right class / all pixels; NaN before any."""
        total = self.matrix.sum()
        return float(np.trace(self.matrix) / total) if total else float("nan")

    def iou(self) -> NDArray[np.float64]:
        """(classes,) pixels in both / pixels in either; NaN for a class that is neither true nor predicted anywhere."""
        both = np.diag(self.matrix).astype(np.float64)
        either = self.matrix.sum(axis=0) + self.matrix.sum(axis=1) - np.diag(self.matrix)
        return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)

    def mean_iou(self, *, true_only: bool = False) -> float:
        """Mean of :meth:`iou` over classes that occur; with ``true_only`` over those that occur in the truth."""
        values = self.iou()
        if true_only:
            values = values[self.matrix.sum(axis=1) > 0]
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")

    def recall(self) -> NDArray[np.float64]:
        """(classes,) pixels of the class that were found / pixels of the class; NaN for an absent class."""
        total = self.matrix.sum(axis=1)
        return np.divide(np.diag(self.matrix), total, out=np.full(len(total), np.nan), where=total > 0)


def pck(
    predicted: ArrayLike, truth: ArrayLike, visible: ArrayLike, scale: ArrayLike, alpha: float = 0.1
) -> NDArray[np.float64]:
    """Percentage of correct keypoints: the share of labelled ones within ``alpha * scale`` of the truth.

    Args:
        predicted: (persons, keypoints, 2) x, y in pixels; NaN is a miss.
        truth: (persons, keypoints, 2) x, y in pixels.
        visible: (persons, keypoints) bool, the labelled ones.
        scale: (persons,) in pixels. PCK@0.2 usually takes the torso's diameter, PCKh the head's; state which.
        alpha: share of the scale.

    Returns:
        (keypoints,) float64; NaN for a keypoint that is never labelled. ``np.nanmean`` weighs keypoints alike.

    Raises:
        MeasureError: the shapes do not fit.
    """
    p, t = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    seen, size = np.asarray(visible, dtype=np.bool_), np.asarray(scale, dtype=np.float64)
    if p.shape != t.shape or p.ndim != 3 or p.shape[2] != 2 or seen.shape != p.shape[:2] or size.shape != p.shape[:1]:
        raise MeasureError(
            f"shapes {p.shape}, {t.shape}, {seen.shape}, {size.shape} do not fit", hint="(n, k, 2) twice, (n, k), (n,)"
        )
    distance = np.linalg.norm(p - t, axis=2)
    right = (distance <= alpha * size[:, None]) & seen
    count = seen.sum(axis=0)
    return np.divide(right.sum(axis=0), count, out=np.full(len(count), np.nan), where=count > 0)
