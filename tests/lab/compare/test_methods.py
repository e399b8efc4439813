"""Runs and data that cannot be compared are typed errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from streetshop.core.errors import MeasureError, RunError, UsageError
from streetshop.lab.compare import compare_runs
from streetshop.lab.data.manifest import Manifest
from tests.lab.compare.trained import draw_split

pytestmark = pytest.mark.lab


def test_unfinished_and_foreign_runs(manifest: Path, runs: list[Path], tmp_path: Path) -> None:
    shutil.copytree(runs[0], tmp_path / "half")
    about = json.loads((tmp_path / "half" / "run.json").read_text())
    (tmp_path / "half" / "run.json").write_text(json.dumps(about | {"finished": False}))
    with pytest.raises(RunError, match="unfinished") as caught:
        compare_runs([tmp_path / "half"], manifest)
    assert str(tmp_path / "half") in str(caught.value)
    with pytest.raises(RunError, match="no run folder"):
        compare_runs([tmp_path], manifest)
    with pytest.raises(UsageError, match="given twice"):
        compare_runs([runs[0], runs[0]], manifest)
    with pytest.raises(UsageError, match="no baseline 'magic'"):
        compare_runs(runs, manifest, baselines=["magic"])
    other = draw_split(tmp_path / "other", products=16)
    [note] = compare_runs(runs[:1], other, threads=1).notes
    assert "unit was trained on other data" in note
    assert about["fingerprint"] in note


def test_a_manifest_without_a_test_split_is_a_typed_error(manifest: Path, runs: list[Path], tmp_path: Path) -> None:
    rows = Manifest.read(manifest)
    rows.with_split(["train"] * len(rows)).write(tmp_path / "train.parquet")
    with pytest.raises(MeasureError, match="no query row for the protocol street-to-shop"):
        compare_runs(runs, tmp_path / "train.parquet")
