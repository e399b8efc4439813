"""``streetshop lab evaluate`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.lab.compare.trained import draw_split, train_two

pytestmark = pytest.mark.lab


def test_a_run_is_measured_and_its_bundle_gets_a_card(tmp_path: Path) -> None:
    train_two(draw_split(tmp_path / "squares"), tmp_path / "runs")
    data = ("--data", tmp_path / "squares" / "manifest.parquet", "--protocol", "street-to-shop")
    measured = run("lab", "evaluate", "runs/unit", *data, cwd=tmp_path)
    assert measured.code == 0, measured.err
    assert "street-to-shop. Street photos" in measured.out
    assert "| hit@1 | " in measured.out
    assert "wrote runs/unit/report.json" in measured.err
    exported = run("lab", "export", "runs/unit", "--out", "bundle", cwd=tmp_path)
    assert (exported.code, exported.out) == (0, "bundle\n"), exported.err
    told = run("lab", "evaluate", "bundle", *data, "--json", cwd=tmp_path)
    assert told.code == 0, told.err
    values = json.loads(told.out)
    assert values["name"] == "center-loss"
    assert "### street-to-shop" in (tmp_path / "bundle" / "card.md").read_text()
    refused = run("lab", "evaluate", "runs/unit", "--data", tmp_path / "squares", cwd=tmp_path)
    assert refused.code == 2
    assert "only bundles" in refused.err
