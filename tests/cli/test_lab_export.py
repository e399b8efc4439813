"""``streetshop lab export`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.lab.compare.trained import draw_split, train_two

pytestmark = pytest.mark.lab


def test_a_run_becomes_a_bundle_once(tmp_path: Path) -> None:
    train_two(draw_split(tmp_path / "squares"), tmp_path / "runs")
    made = run("lab", "export", "runs/unit", "--out", "b", "--name", "mine", "--version", "3", cwd=tmp_path)
    assert (made.code, made.out) == (0, "b\n"), made.err
    spec = json.loads((tmp_path / "b" / "bundle.json").read_text())
    assert (spec["name"], spec["version"]) == ("mine", "3")
    assert (tmp_path / "b" / "card.md").read_text().startswith("# mine, version 3\n")
    assert json.loads((tmp_path / "b" / "report.json").read_text())["kind"] == "embedding"
    again = run("lab", "export", "runs/unit", "--out", "b", cwd=tmp_path)
    assert again.code == 2
    assert "already exists" in again.err
