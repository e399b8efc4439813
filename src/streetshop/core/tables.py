"""CSV files for people, who open them in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streetshop.core.files import writing
from streetshop.core.terminal import printable

_FORMULA_STARTS: Final = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet takes a cell that begins with one of these for a formula (the wide forms in East Asian locales)."""


class CsvFile:
    """A CSV file in UTF-8 whose cells no spreadsheet runs as formulas, and no terminal obeys.

    Each row is flushed at once, so that the file is complete after a crash too.

    Args:
        path: the file; an old one is replaced.
        header: names of the columns.

    Raises:
        FileNotWritten: it cannot be written; also :meth:`add` and :meth:`close`.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        with writing(path):
            # Lone surrogates of undecodable file names can be written too.
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file)
        self._write(header)

    def add(self, row: Sequence[str | int]) -> None:
        """Write a row."""
        self._write([printable(safe_cell(cell)) if isinstance(cell, str) else cell for cell in row])
        self.rows += 1

    def _write(self, row: Sequence[str | int]) -> None:
        with writing(self.path):
            self._writer.writerow(row)
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with writing(self.path):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def safe_cell(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Blanks before the first character are ignored, since some programs strip them.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip(" ").startswith(_FORMULA_STARTS) else text
