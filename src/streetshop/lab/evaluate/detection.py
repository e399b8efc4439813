"""Boxes: average precision as COCO computes it, by faster-coco-eval, and detect-then-match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError

COCO_IOUS: Final = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""The thresholds whose mean is COCO's AP: .5, .55, ... .95."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one picture.

    Attributes:
        corners: (n, 4) x0, y0, x1, y1 in pixels.
        labels: (n,) class numbers.
        scores: (n,) confidence; empty for truth.
        crowd: (n,) bool, true boxes around a crowd of things: detections inside are neither right nor wrong, and
            nothing is missed; empty where no box is.
    """

    corners: NDArray[np.float64]
    labels: NDArray[np.intp]
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    crowd: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    @classmethod
    def of(
        cls, corners: ArrayLike, labels: ArrayLike, scores: ArrayLike | None = None, crowd: ArrayLike | None = None
    ) -> Boxes:
        """From anything array-like.

        Raises:
            MeasureError: the lengths differ.
        """
        boxes = np.asarray(corners, dtype=np.float64).reshape(-1, 4)
        names = np.asarray(labels, dtype=np.intp).reshape(-1)
        sure = np.zeros(0) if scores is None else np.asarray(scores, dtype=np.float64).reshape(-1)
        if len(names) != len(boxes) or (scores is not None and len(sure) != len(boxes)):
            raise MeasureError(f"{len(boxes)} boxes, {len(names)} labels and {len(sure)} scores", hint="One of each")
        crowds = np.zeros(len(boxes) if crowd is not None else 0, np.bool_)
        if crowd is not None:
            crowds[:] = np.asarray(crowd, np.bool_).reshape(-1)
        return cls(boxes, names, sure, crowds)


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """AP, a mean over IoU thresholds where there are several.

    Attributes:
        by_class: AP of every class that has true boxes; 101-point interpolation.
        truths: number of true boxes of each class, without crowds.
        without_truth: classes that were detected but never true; they have no AP.
        ious: the thresholds.
    """

    by_class: dict[int, float]
    truths: dict[int, int]
    without_truth: tuple[int, ...]
    ious: tuple[float, ...]

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
    detected: Sequence[Boxes], truth: Sequence[Boxes], *, iou: float | Sequence[float] = 0.5, limit: int = 100
) -> AveragePrecision:
    """AP of each class over pictures, as COCO computes it.

    Detections are matched greedily by score; precision is made monotone and read at recall 0, .01 ... 1.

    Args:
        detected: boxes with scores, of each picture.
        truth: boxes of each picture.
        iou: least overlap of a match; 0.5 gives AP50, :data:`COCO_IOUS` COCO's AP.
        limit: detections of a picture and class that count, those of the highest scores.

    Raises:
        MeasureError: the lists differ in length, or scores are missing.
    """
    if len(detected) != len(truth):
        raise MeasureError(f"detections of {len(detected)} pictures, truth of {len(truth)}")
    if any(len(d.scores) != len(d.labels) for d in detected):
        raise MeasureError("detections without scores", hint="Give Boxes.of(corners, labels, scores)")
    ious = (iou,) if isinstance(iou, int | float) else tuple(iou)
    counted = [t.labels[~t.crowd] if len(t.crowd) else t.labels for t in truth]
    numbers, counts = np.unique(np.concatenate([*counted, np.zeros(0, np.intp)]), return_counts=True)
    truths = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    found = sorted({int(c) for d in detected for c in d.labels} - set(truths))
    precision = _precision(detected, truth, sorted(truths), ious, limit)
    means = np.maximum(precision, 0).mean(axis=(0, 1)) if truths else []
    by_class = dict(zip(sorted(truths), map(float, means), strict=True))
    return AveragePrecision(by_class, truths, tuple(found), ious)


def _precision(
    detected: Sequence[Boxes], truth: Sequence[Boxes], classes: Sequence[int], ious: Sequence[float], limit: int
) -> NDArray[np.float64]:
    """(thresholds, 101, classes) precision at each recall."""
    from faster_coco_eval import COCO, COCOeval_faster

    empty = np.zeros((len(ious), 101, len(classes)))
    if not classes or not any(len(one.labels) for one in detected):
        return empty
    pictures = [{"id": i + 1} for i in range(len(truth))]
    categories = [{"id": label + 1} for label in classes]
    real = COCO({"images": pictures, "annotations": _rows(truth, classes), "categories": categories})
    rows = _rows(detected, classes)
    if not rows:
        return empty
    judged = COCOeval_faster(real, real.loadRes(rows), "bbox", print_function=_silent)
    judged.params.iouThrs = np.asarray(ious, np.float64)
    judged.params.areaRng, judged.params.areaRngLbl = [[0.0, 1e10]], ["all"]
    judged.params.maxDets = [limit]
    judged.evaluate()
    judged.accumulate()
    found: NDArray[np.float64] = judged.eval["precision"][:, :, :, 0, 0]
    return found


def _rows(pictures: Sequence[Boxes], classes: Sequence[int]) -> list[dict[str, Any]]:
    known = set(classes)
    rows: list[dict[str, Any]] = []
    for number, boxes in enumerate(pictures):
        for i, (corners, label) in enumerate(zip(boxes.corners.tolist(), boxes.labels.tolist(), strict=True)):
            if label not in known:
                continue
            width, height = corners[2] - corners[0], corners[3] - corners[1]
            row = {
                "id": len(rows) + 1,
                "image_id": number + 1,
                "category_id": label + 1,
                "bbox": [corners[0], corners[1], width, height],
                "area": width * height,
                "iscrowd": int(len(boxes.crowd) > 0 and bool(boxes.crowd[i])),
            }
            if len(boxes.scores):
                row["score"] = float(boxes.scores[i])
            rows.append(row)
    return rows


def _silent(*_: object) -> None:
    """Take what faster-coco-eval would print."""


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
