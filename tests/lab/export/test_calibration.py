"""Scores and thresholds of readers, fitted to what is known of the garments found."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Garment
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.evaluate.dense import Confusion
from streetshop.lab.evaluate.reader import Judged
from streetshop.lab.export.calibration import RAW, fit_calibration, fit_thresholds, outcomes

pytestmark = pytest.mark.lab


def garment(score: float, left: float = 0) -> Garment:
    box = Box(left, 0, left + 10, 10)
    return Garment("top", score, box, box.center)


def judged(count: int = 200) -> list[Judged]:
    """Photos with one garment found, which is right as often as its score says."""
    rng = np.random.default_rng(0)
    found = []
    for i in range(count):
        score = float(rng.uniform(0.05, 0.95))
        true = garment(1.0, 0 if rng.random() < score else 50)
        nowhere = np.full((17, 2), np.nan)
        confusion = Confusion.empty(len(CLASSES))
        found.append(Judged(str(i), confusion, (garment(score),), (true,), (0.1,), nowhere, None))
    return found


def test_scores_that_are_right_as_often_as_they_say_stay_as_they_are() -> None:
    rows, right, names = outcomes(judged())
    assert rows.shape == (200, 2)
    assert set(names) == {"top"}
    assert 0.4 < right.mean() < 0.6
    slope, by_size, offset = fit_calibration(judged(2000))
    assert slope == pytest.approx(1, abs=0.2)
    share = np.log(0.1)
    assert by_size * share + offset == pytest.approx(0, abs=0.2)


def test_nothing_to_calibrate_on_leaves_scores_as_they_are() -> None:
    assert fit_calibration([]) == RAW
    assert fit_calibration(judged(1)) == RAW


def test_every_class_has_a_threshold_and_rare_ones_share_it() -> None:
    thresholds = fit_thresholds(judged(), RAW)
    assert set(thresholds) == set(GARMENTS)
    assert len({thresholds[name] for name in GARMENTS if name != "top"}) == 1
    assert all(0.15 <= value <= 0.5 for value in thresholds.values())
