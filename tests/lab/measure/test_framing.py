"""Framing measured beside the rule, on a few drawn pages and labelled parts of a drawn photo."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streetshop.lab.data import framing as examples
from streetshop.lab.measure import framing as measured
from streetshop.models.framing import DEFAULT_FRAMING

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def test_head_and_rule_stand_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "PAGES", 2)
    monkeypatch.setattr(examples, "PAGE_SIZE", 256)
    pages = examples.draw_pages(tmp_path / "other", 1, 1, workers=1)
    photos = tmp_path / "photos"
    photos.mkdir()
    labels = tmp_path / "labels.csv"
    name = next(f"{n:04}" for n in range(100) if examples.half_of(f"{n:04}") == "test")
    shutil.copy(next(page.path for page in pages if page.view == "front"), photos / f"{name}.jpg")
    labels.write_text(f"photo,x0,y0,x1,y1,view,eyes,ankles\n{name},,,,,front,yes,yes\n")
    real = examples.read_labelled(photos, "test", labels)
    monkeypatch.setattr(measured, "read_labelled", lambda folder, half: real)
    bundle = tmp_path / "bundle"
    shutil.copytree(DEFAULT_FRAMING, bundle)
    report = measured.measure_framing(bundle, photos, tmp_path / "cache", threads=1)
    summary = report.sections[0]
    assert summary.columns[:2] == ("head, photos", "rule on keypoints, photos")
    assert len(summary.columns) == 4
    assert len(report.sections) == 5
    assert sum(f.value or 0 for row in report.sections[1].rows.values() for f in row) == 1
    assert sum(f.value or 0 for row in report.sections[3].rows.values() for f in row) == 10
    assert {one.use.split()[0] for one in report.data} == {"trained", "measured"}
