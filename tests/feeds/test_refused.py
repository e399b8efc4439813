"""The report of refused rows."""

from __future__ import annotations

import csv
from pathlib import Path

from streetshop.feeds.refused import Refusal, RefusedFile


def test_refused_file_cannot_inject_formulas(tmp_path: Path) -> None:
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.refuse(Refusal(2, "=1", "+2", "@3"))
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["row", "id", "image", "reason"]
    assert row == ["2", "'=1", "'+2", "'@3"]
