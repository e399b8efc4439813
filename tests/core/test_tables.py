"""CSV files for people."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from streetshop.core.errors import FileNotWritten
from streetshop.core.tables import CsvFile, safe_cell
from streetshop.core.terminal import printable


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1", "＝1"])
def test_csv_files_cannot_inject_formulas(tmp_path: Path, text: str) -> None:
    with CsvFile(tmp_path / "t.csv", ("a", "b", "c")) as file:
        file.add((-5, text, "plain"))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["a", "b", "c"]
    assert row == ["-5", printable(f"'{text}"), "plain"]


def test_csv_files_cannot_command_a_terminal(tmp_path: Path) -> None:
    with CsvFile(tmp_path / "t.csv", ("a",)) as file:
        file.add(("\x1b]0;owned\x07 \x9b31m \u202egnp.exe, Kleid für Jo\n",))
    text = (tmp_path / "t.csv").read_bytes().decode()
    assert printable(text.replace("\r\n", "\n")) == text.replace("\r\n", "\n")
    assert "Kleid für Jo\n" in text


def test_any_text_is_written_and_rows_are_counted(tmp_path: Path) -> None:
    assert safe_cell("plain") == "plain"
    with CsvFile(tmp_path / "t.csv", ("a",)) as file:
        file.add(('\udcff,"b"\n',))
        assert file.rows == 1
        assert "udcff" in (tmp_path / "t.csv").read_text(), "flushed at once"


def test_a_file_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten, match=r"missing/t\.csv: cannot be written"):
        CsvFile(tmp_path / "missing" / "t.csv", ("a",))
    with pytest.raises(FileNotWritten, match=r"/dev/full: cannot be written \(No space left on device\)"):
        CsvFile(Path("/dev/full"), ("a",))
