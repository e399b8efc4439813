"""The report of refused rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from streetshop.core.errors import UsageError
from streetshop.feeds.refused import Refusal, RefusedFile, safe_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1", "＝1"])
def test_refused_file_cannot_inject_formulas(tmp_path: Path, text: str) -> None:
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.add(Refusal(2, text, text, text))
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["row", "id", "image", "reason"]
    assert row == ["2", *[f"'{text}"] * 3]


def test_refused_file_takes_any_text(tmp_path: Path) -> None:
    assert safe_cell("plain") == "plain"
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.add(Refusal(1, "\udcff", 'a,"b"\n', ""))
        assert file.rows == 1
    assert "udcff" in (tmp_path / "refused.csv").read_text()
    with pytest.raises(UsageError, match="cannot be written"):
        RefusedFile(tmp_path / "missing" / "refused.csv")
