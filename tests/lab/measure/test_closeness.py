"""How far scores can be believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import BundleError, CatalogMissing
from streetshop.lab.evaluate.closeness import Pairs
from streetshop.lab.measure.closeness import (
    alarms,
    calibrate,
    expected_calibration_error,
    measured,
    write_calibration,
)
from streetshop.models.folder import read_spec
from streetshop.models.spec import EncoderSpec
from tests.models.tiny import SCALE, tiny_encoder


def test_calibration_error_counts_the_distance_in_each_bin() -> None:
    scores = np.array([0.1, 0.1, 0.9, 0.9])
    assert expected_calibration_error(scores, np.array([False, False, True, True]), 2) == pytest.approx(0.1)
    assert expected_calibration_error(scores, np.array([True, True, False, False]), 2) == pytest.approx(0.9)


def judged(*rows: tuple[int, float, int, float]) -> tuple[Pairs, np.ndarray]:
    """Pairs from rows of photo, what is added, judgement and score."""
    photos, added, judgements, scores = (np.array(column) for column in zip(*rows, strict=True))
    return Pairs(np.zeros((len(rows), 2)), added.astype(float), judgements, photos), scores


def test_alarms() -> None:
    """Photo 0 has an alike product above the floor, photo 1 one below it; photo 2 has none."""
    pairs, scores = judged(
        (0, 0, 2, 0.6),
        (0, 0, 1, 0.3),
        (0, 0, 0, 0.1),
        (0, -0.2, 0, 0.9),  # of another kind
        (1, 0, 2, 0.1),
        (1, 0, 0, 0.05),
        (2, 0, 1, 0.5),
        (2, 0, 0, 0.4),
    )
    found = alarms(pairs, scores, 0.2)
    assert found == {"false": 0.5, "true": pytest.approx(1 / 3, abs=1e-3), "true_none": pytest.approx(2 / 3, abs=1e-3)}


def test_the_table_counts_every_pair_once() -> None:
    random = np.random.default_rng(0)
    scores = random.uniform(size=300)
    judgements = np.where(random.uniform(size=300) < scores, 2, random.integers(0, 2, 300))
    found = measured(Pairs(np.zeros((300, 2)), np.zeros(300), judgements, np.arange(300) // 10), scores)
    assert sum(row["pairs"] for row in found["table"]) == found["pairs"] == 300
    assert found["auc"] > 0.75
    assert found["ece"] < 0.1
    assert all(row["alike"] <= row["somewhat"] for row in found["table"])


def test_writing_changes_the_calibration_alone(tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / "encoder")
    spec = read_spec(folder)
    assert isinstance(spec, EncoderSpec)
    write_calibration(folder, spec.model_copy(update={"calibration": SCALE}))
    assert read_spec(folder) == spec.model_copy(update={"calibration": SCALE})
    with pytest.raises(CatalogMissing):
        calibrate(folder, tmp_path, str(tmp_path / "none.catalog"), 1)
    with pytest.raises(BundleError):
        write_calibration(tmp_path / "nowhere" / "deep", spec)
