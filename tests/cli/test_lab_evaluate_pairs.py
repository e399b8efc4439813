"""``streetshop lab evaluate-pairs``: what it refuses; ``tests/lab/measure/test_pairs.py`` has what it measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import call

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("missing", "message"),
    [("pairs", "holds 0 CSV tables, not one"), ("data", "there is no such folder")],
)
def test_what_is_missing_is_named(tmp_path: Path, missing: str, message: str) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    if missing != "pairs":
        (folder / "a.png").touch()
        (folder / "table.csv").write_text("image,product\na.png,a\na.png,a\n")
    told = call(
        "lab", "evaluate-pairs", tmp_path, "--pairs", folder, "--data", tmp_path, "--cache", tmp_path, cwd=tmp_path
    )
    assert told.code == 2
    assert message in told.err
    assert str(folder if missing == "pairs" else tmp_path / "clothing" / "images") in told.err
    assert not told.out
