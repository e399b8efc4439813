"""What a feed's rows and pictures were refused for: never dropped silently, always one line in a file."""

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
    """A row, or one picture of a row, that could not be used.

    Attributes:
        row: number of the row in its feed, counted like a spreadsheet or an editor does (see ``feed.FeedRow``).
        id: the product's id as far as it could be read, else empty.
        image: the picture it is about; empty when it is the row.
        reason: what is wrong and what to do, in one line.
    """

    row: int
    id: str
    image: str
    reason: str


class RefusedFile:
    """A CSV file with the columns row, id, image, reason; UTF-8, safe to open in a spreadsheet.

    Each refusal is flushed as it comes, so that the file tells the truth after a crash too. Raises
    :class:`UsageError` when the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        try:
            # Whatever a feed may hold, lone surrogates of undecodable file names included, can be written.
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
        self.rows += 1
        self._writer.writerow((refusal.row, *map(safe_cell, (refusal.id, refusal.image, refusal.reason))))
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def safe_cell(text: str) -> str:
    """``text`` so that no spreadsheet runs it as a formula: dangerous beginnings get an apostrophe in front.

    Blanks before the dangerous character do not help an attacker: some programs strip them.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip(" ").startswith(_FORMULA_STARTS) else text
