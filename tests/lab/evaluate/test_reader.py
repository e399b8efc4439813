"""Figures of a reader, on photos whose reading and truth are made up."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Garment
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.evaluate.dense import Confusion
from streetshop.lab.evaluate.reader import Judged, boxes_of, intervals, photo_miou, sections, summary, true_garments

pytestmark = pytest.mark.lab

TOP = CLASSES.index("top")


def garment(category: str, left: float, score: float = 1.0) -> Garment:
    box = Box(left, 0, left + 10, 10)
    return Garment(category, score, box, box.center)


def judged(found: Garment | None, true: Garment, hits: int, points: float | None = None) -> Judged:
    """A photo of 100 pixels of top, ``hits`` of them found; ``points``: pixels that every keypoint is off by."""
    truth = np.full(100, TOP)
    confusion = Confusion.empty(len(CLASSES))
    confusion.add(np.where(np.arange(100) < hits, TOP, 0), truth)
    teacher = None
    if points is not None:
        teacher = np.full((17, 3), 2.0)
        teacher[:, :2] = np.arange(17)[:, None]
        teacher[[5, 6], :2], teacher[[11, 12], :2] = (50, 0), (50, 100)
    read = np.full((17, 2), np.nan) if teacher is None else teacher[:, :2] + (points, 0)
    return Judged("x", confusion, () if found is None else (found,), (true,), (0.1,), read, teacher)


PHOTOS = [
    judged(garment("top", 0, 0.9), garment("top", 1), 90, points=15.0),
    judged(None, garment("skirt", 0), 50),
]


def test_numbers_are_those_of_the_pixels_boxes_and_points() -> None:
    numbers = summary(PHOTOS)
    assert numbers["accuracy"] == pytest.approx(0.7)
    assert numbers["iou"]["top"] == pytest.approx(0.7)
    assert numbers["ap50_by_class"] == {"top": 1.0, "skirt": 0.0}
    assert numbers["truths"] == {"top": 1, "skirt": 1}
    assert numbers["keypoint_photos"] == 1
    assert (numbers["pck@0.1"], numbers["pck@0.2"]) == (0.0, 1.0), "15 of a torso of 100"
    assert photo_miou(PHOTOS[0]) == pytest.approx(0.9)
    found = boxes_of(PHOTOS[0].found)
    assert found.labels.tolist() == [GARMENTS.index("top")]


def test_intervals_hold_the_number() -> None:
    numbers, sure = summary(PHOTOS), intervals(PHOTOS)
    for name in ("miou", "accuracy", "ap50"):
        assert sure[name].mean == pytest.approx(numbers[name])
        assert sure[name].low <= numbers[name] <= sure[name].high


def test_only_points_that_the_teacher_saw_are_measured() -> None:
    photo = judged(None, garment("top", 0), 90, points=1.0)
    assert photo.teacher is not None
    photo.points[:5] += 1000
    photo.teacher[:5, 2] = 1  # hidden: the teacher guesses
    numbers = summary([photo])
    assert (numbers["pck@0.1"], numbers["pck@0.2"]) == (1, 1)
    assert np.isnan(numbers["pck@0.1_by_point"]["nose"])
    photo.teacher[11, 2] = 0
    assert "pck@0.1" not in summary([photo]), "no whole torso, no scale"


def test_intervals_are_over_photos() -> None:
    """One of two photos is wholly right, the other wholly wrong: a draw of two may hold one of them only."""
    right, wrong = judged(garment("top", 0, 0.9), garment("top", 0), 100), judged(None, garment("top", 0), 0)
    for name, found in intervals([right, wrong]).items():
        assert (found.low, found.high) == (0, 1), name
        assert 0 < found.mean < 1, name


def test_tables_have_every_class_and_the_speed() -> None:
    whole, classes = sections(PHOTOS, {"median": 52.4, "fastest": 44.0})
    assert whole.rows["pixel accuracy"][0].digits == 4
    assert str(whole.rows["ms a photo, two threads, median"][0]) == "52"
    assert str(whole.rows["PCK at 0.2 of the torso, against the teacher"][0]) == "1.000"
    assert list(classes.rows) == list(CLASSES)
    assert [str(cell) for cell in classes.rows["skirt"]] == ["", "0.00", "1"]
    assert classes.rows["background"][1] is None


def test_true_garments_follow_the_rules_of_a_reading() -> None:
    labels = np.zeros((96, 64), np.uint8)
    labels[10:20, 28:36] = CLASSES.index("skin")
    labels[20:50, 20:44] = TOP
    labels[50:80, 22:42] = CLASSES.index("trousers")
    labels[80:88, 20:28] = labels[80:88, 36:44] = CLASSES.index("footwear")
    found = {g.category: g.box for g in true_garments(labels)}
    assert set(found) == {"top", "trousers", "footwear"}
    assert found["top"].corners == pytest.approx((20, 20, 44, 50), abs=0.5)
    assert found["footwear"].width == pytest.approx(24, abs=0.5)
