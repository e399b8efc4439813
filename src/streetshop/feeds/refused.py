"""The report of refused rows and pictures: one line in a CSV file for each, with the reason."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streetshop.core.errors import UsageError

_HEADER: Final = ("row", "id", "image", "reason")

_FORMULA_STARTS: Final = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet takes a cell that begins with one of these for a formula (the wide forms in East Asian locales)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one picture of a row, that cannot be used.

    Attributes:
        row: number of the row in its feed (see ``read.FeedRow``).
        id: of the product, empty if it cannot be read.
        image: the refused picture; empty if the whole row is refused.
        reason: what is wrong and what to do, in one line.
    """

    row: int
    id: str
    image: str
    reason: str


class RefusedFile:
    """A CSV file with the columns row, id, image, reason; UTF-8, safe to open in a spreadsheet.

    Each refusal is flushed at once, so that the file is complete after a crash too. Raises :class:`UsageError` if the
    file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        try:
            # Lone surrogates of undecodable file names can be written too.
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise UsageError(
                f"the list of refused rows cannot be written ({error.strerror})",
                where=str(path),
                hint="Give another file with --refused",
            ) from None
        self._writer = csv.writer(self._file)
        self._writer.writerow(_HEADER)
        self._file.flush()

    def add(self, refusal: Refusal) -> None:
        """Write a refusal."""
        self.rows += 1
        self._writer.writerow((refusal.row, *map(safe_cell, (refusal.id, refusal.image, refusal.reason))))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
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
