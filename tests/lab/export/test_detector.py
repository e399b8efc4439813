"""Scores become probabilities, and an export that finds other boxes is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.data.sample import Sample
from streetshop.lab.export.detector import calibrated, lost_boxes
from streetshop.lab.train.tasks.detect.data import Picture
from streetshop.models.detector import DetectorNetwork
from tests.models.tiny_detector import tiny_detector
from tests.models.tiny_reader import PARTS, person

pytestmark = pytest.mark.lab

BOXES = np.asarray([[0, 0, 10, 10], [20, 20, 40, 60]], np.float32)


def answers(
    boxes: np.ndarray = BOXES, scores: tuple[float, ...] = (0.9, 0.4), labels: tuple[int, ...] = (0, 1)
) -> list:
    return [boxes, np.asarray(scores, np.float32), np.asarray(labels)]


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (answers(), 0),
        (answers(BOXES[::-1], (0.4, 0.9), (1, 0)), 0),
        (answers(BOXES + np.float32(0.01)), 0),
        (answers(labels=(0, 2)), 0.5),
        (answers(scores=(0.9, 0.3)), 0.5),
        (answers(BOXES + np.float32(5)), 1),
        ([BOXES[:0], np.zeros(0), np.zeros(0)], 1),
    ],
)
def test_what_an_exported_network_loses(found: list, lost: float) -> None:
    assert lost_boxes(answers(), found) == pytest.approx(lost)


def test_where_nothing_is_sure_nothing_may_become_sure() -> None:
    nothing, unsure = [BOXES[:0], np.zeros(0), np.zeros(0)], answers(scores=(0.04, 0.01))
    assert lost_boxes(unsure, nothing) == lost_boxes(unsure, unsure) == lost_boxes(nothing, unsure) == 0
    assert lost_boxes(unsure, answers()) == 1


def picture(root: Path, number: int, right: bool) -> Picture:
    person().save(root / f"{number}.png")
    x0, y0, x1, y1 = map(float, PARTS["top" if right else "footwear"])
    row = Sample(f"{number}.png", "street", category="top", box=(x0, y0, x1, y1), root=root)
    return Picture((row,), np.asarray([0]), np.zeros(1, np.bool_))


def test_scores_become_the_share_that_is_right(tmp_path: Path) -> None:
    """Boxes of .6 are right in nine of ten photos, those of .2 in none."""
    place, elsewhere = (np.asarray(PARTS[kind]) * 64 / 400 for kind in ("top", "trousers"))
    outputs = {"boxes": [place, elsewhere], "scores": [0.6, 0.2], "labels": [0, 0]}
    network = DetectorNetwork(tiny_detector(tmp_path / "d", outputs=outputs, thresholds={}), threads=1)
    spec = calibrated(network, [picture(tmp_path, number, number < 18) for number in range(20)])
    slope, offset = spec.calibration
    sure, unsure = (1 / (1 + np.exp(-(slope * np.log(p / (1 - p)) + offset))) for p in (0.6, 0.2))
    assert sure == pytest.approx(0.9, abs=0.06)
    assert unsure < 0.1
    assert spec.thresholds["women tops"] > unsure
    assert set(spec.thresholds) == set(spec.classes), "classes without examples share a threshold"


def test_without_right_and_wrong_boxes_scores_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = DetectorNetwork(tiny_detector(tmp_path / "d"), threads=1)
    assert calibrated(network, []) == network.spec
    assert "nothing to calibrate" in capsys.readouterr().err
