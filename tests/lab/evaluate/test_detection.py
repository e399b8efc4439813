from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate.detection import COCO_IOUS, Boxes, average_precision, box_iou, match_queries


def scene(rng: np.random.Generator) -> tuple[Boxes, Boxes]:
    """Truth and imperfect detections of one picture: moved, doubled, invented, mislabelled, missing; tied scores."""
    n = int(rng.integers(0, 6))
    start = rng.uniform(0, 80, (n, 2))
    corners = np.hstack([start, start + rng.uniform(5, 60, (n, 2))])
    labels = rng.integers(0, 3, n)
    found, names = [], []
    for box, label in zip(corners, labels, strict=True):
        for _ in range(int(rng.integers(0, 3))):
            found.append(box + rng.normal(0, 4, 4) * [1, 1, 1, 1])
            names.append(label if rng.random() < 0.85 else int(rng.integers(0, 4)))
    for _ in range(int(rng.integers(0, 3))):
        corner = rng.uniform(0, 80, 2)
        found.append(np.r_[corner, corner + rng.uniform(5, 60, 2)])
        names.append(int(rng.integers(0, 4)))
    boxes = np.asarray(found).reshape(-1, 4)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    return Boxes.of(corners, labels), Boxes.of(boxes, names, rng.integers(0, 20, len(names)) / 20)


def coco_ap(truth: list[Boxes], detected: list[Boxes], iou: float) -> dict[int, float]:
    data: dict[str, list[dict[str, object]]] = {
        "images": [{"id": i + 1} for i in range(len(truth))],
        "categories": [{"id": c + 1} for c in range(4)],
        "annotations": [],
    }
    results = []
    for i, (real, found) in enumerate(zip(truth, detected, strict=True)):
        for box, label in zip(real.corners, real.labels, strict=True):
            size = box[2:] - box[:2]
            data["annotations"].append(
                {"id": len(data["annotations"]) + 1, "image_id": i + 1, "category_id": int(label) + 1, "iscrowd": 0,
                 "bbox": [*box[:2], *size], "area": float(size.prod())}
            )  # fmt: skip
        for box, label, score in zip(found.corners, found.labels, found.scores, strict=True):
            results.append(
                {
                    "image_id": i + 1,
                    "category_id": int(label) + 1,
                    "bbox": [*box[:2], *(box[2:] - box[:2])],
                    "score": float(score),
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = data
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.params.iouThrs = np.array([iou])
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][0, :, :, 0, -1]  # (recalls, classes), all areas, 100 detections
    return {c: float(precision[:, c].mean()) for c in range(4) if precision[0, c] >= 0}


@pytest.mark.parametrize("iou", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(5))
def test_against_pycocotools(iou: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, detected = map(list, zip(*(scene(rng) for _ in range(40)), strict=True))
    ours = average_precision(detected, truth, iou=iou)
    theirs = coco_ap(truth, detected, iou)
    assert ours.by_class.keys() == theirs.keys()
    for label, value in theirs.items():
        assert ours.by_class[label] == pytest.approx(value, abs=1e-9)
    assert ours.without_truth == (3,)  # detected, never true: no AP, but said
    assert ours.mean == pytest.approx(np.mean(list(theirs.values())))


def naive_ap(detected: list[Boxes], truth: list[Boxes], label: int, iou: float) -> float:
    """By its definition: greedy matches by score, precision at 101 recalls."""
    rows = [(-s, i, j) for i, d in enumerate(detected) for j, s in enumerate(d.scores.tolist()) if d.labels[j] == label]
    taken: set[tuple[int, int]] = set()
    hits = []
    for _, i, j in sorted(rows):
        options = [
            (float(box_iou(detected[i].corners[j : j + 1], truth[i].corners[k : k + 1])[0, 0]), k)
            for k in range(len(truth[i].labels))
            if truth[i].labels[k] == label and (i, k) not in taken
        ]
        best = max(options, default=(0.0, -1))
        hits.append(best[0] >= iou)
        if hits[-1]:
            taken.add((i, best[1]))
    total = sum(int((t.labels == label).sum()) for t in truth)
    curve = [(sum(hits[: n + 1]) / total, sum(hits[: n + 1]) / (n + 1)) for n in range(len(hits))]
    return sum(max((p for r, p in curve if r >= at), default=0) for at in np.linspace(0, 1, 101)) / 101


@pytest.mark.parametrize("seed", range(4))
def test_against_the_definition(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    truth, drawn = map(list, zip(*(scene(rng) for _ in range(25)), strict=True))
    detected = [Boxes.of(d.corners, d.labels, rng.permutation(1000)[: len(d.labels)] / 1000) for d in drawn]
    ours = average_precision(detected, truth)
    for label, value in ours.by_class.items():
        assert value == pytest.approx(naive_ap(detected, truth, label, 0.5), abs=1e-9)
    several = average_precision(detected, truth, iou=COCO_IOUS)
    for label, value in several.by_class.items():
        each = [naive_ap(detected, truth, label, iou) for iou in COCO_IOUS]
        assert value == pytest.approx(np.mean(each), abs=1e-9)


def test_a_crowd_is_neither_missed_nor_wrong() -> None:
    box, crowd = [0, 0, 10, 10], [20, 0, 60, 40]
    truth = [Boxes.of([box, crowd], [0, 0], crowd=[False, True])]
    inside = Boxes.of([[25, 5, 35, 15], box], [0, 0], [0.9, 0.8])
    found = average_precision([inside], truth)
    assert (found.mean, found.truths) == (pytest.approx(1.0), {0: 1})


def test_by_hand() -> None:
    truth = [Boxes.of([[0, 0, 10, 10], [20, 0, 30, 10]], [0, 0])]
    right, wrong = [0, 0, 10, 10], [50, 50, 60, 60]
    assert average_precision([Boxes.of([right], [0], [0.9])], truth).mean == pytest.approx(51 / 101)
    found = Boxes.of([wrong, right], [0, 0], [0.9, 0.8])
    assert average_precision([found], truth).mean == pytest.approx(51 / 101 / 2)
    twice = Boxes.of([right, right], [0, 0], [0.9, 0.8])  # the second one is a false alarm
    assert average_precision([twice], truth).mean == pytest.approx(51 / 101)
    assert average_precision([Boxes.of([], [], [])], truth).mean == 0
    assert np.isnan(average_precision([Boxes.of([], [], [])], [Boxes.of([], [])]).mean)


def test_only_a_pictures_best_detections_count() -> None:
    """COCO counts 100 of a picture and class; the right one comes after a hundred wrong ones that are surer."""
    truth, right, wrong = Boxes.of([[0, 0, 10, 10]], [0]), [0, 0, 10, 10], [50, 50, 60, 60]
    found = Boxes.of([*[wrong] * 100, right], [0] * 101, np.linspace(0.9, 0.1, 101))
    assert average_precision([found], [truth]).mean == 0
    assert average_precision([found], [truth], limit=101).mean == pytest.approx(1 / 101)
    other = Boxes.of([*[wrong] * 100, right], [*[1] * 100, 0], np.linspace(0.9, 0.1, 101))
    assert average_precision([other], [truth]).mean == 1, "another class takes no place"


def test_overlap() -> None:
    assert box_iou([[0, 0, 2, 2]], [[1, 1, 3, 3], [2, 0, 3, 2], [0, 0, 0, 0]]).tolist() == [[1 / 7, 0, 0]]


def test_detect_then_match() -> None:
    truth = Boxes.of([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], [1, 2, 1])
    found = Boxes.of(
        [[1, 0, 11, 10], [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 44, 10]], [1, 1, 3, 1], [0.9, 0.5, 0.9, 0.9]
    )
    assert match_queries(truth, found).tolist() == [1, -1, -1]  # another label, too little overlap
    assert match_queries(truth, found, same_label=False).tolist() == [1, 2, -1]
    assert match_queries(truth, found, iou=0.3).tolist() == [1, -1, 3]
    close = Boxes.of([[0, 0, 10, 10], [2, 0, 12, 10]], [1, 1])
    assert match_queries(close, Boxes.of([[1, 0, 11, 10]], [1])).tolist().count(0) == 1  # one box serves one item
    assert match_queries(truth, Boxes.of([], [])).tolist() == [-1, -1, -1]
    one, twice = Boxes.of([[0, 0, 10, 10]], [1]), [[0, 0, 10, 10]] * 2
    assert match_queries(one, Boxes.of(twice, [1, 1], [0.2, 0.7])).tolist() == [1], "of equal overlaps the surer"
    assert match_queries(one, Boxes.of(twice, [1, 1], [0.7, 0.2])).tolist() == [0]


def test_what_does_not_fit() -> None:
    box = Boxes.of([[0, 0, 1, 1]], [0])
    with pytest.raises(MeasureError, match="without scores"):
        average_precision([box], [box])
    with pytest.raises(MeasureError, match="pictures"):
        average_precision([], [box])
    with pytest.raises(MeasureError, match="labels"):
        Boxes.of([[0, 0, 1, 1]], [0, 1])
