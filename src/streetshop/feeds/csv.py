"""CSV feeds: comma, semicolon, tab or bar separated values."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.text import read_lines
from streetshop.feeds.values import MAX_COLUMNS, Values

_MAX_CELL: Final = 2**20
"""Characters of a cell, at most."""


class CsvRecords:
    """The rows of a CSV file with a header. Row 1 is the header, as in a spreadsheet."""

    kind = "CSV"
    typed = False

    def __init__(self, path: Path, encoding: str, delimiter: str | None) -> None:
        self.path, self.encoding = path, encoding
        self._separator_line = False
        first = next((line.strip() for line in read_lines(path, encoding) if line.strip()), "")
        if match := re.fullmatch(r'"?sep=(.)"?', first):  # Excel writes this above the header
            self._separator_line = True
            delimiter = match[1]
        self.delimiter = delimiter or _guess_delimiter(first)
        csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
        self._header: list[str] = []
        for _, cells in self._rows():
            if isinstance(cells, RowRefused):
                raise FeedError(f"the header is malformed: {cells.what}", where=str(path), hint="Export it again")
            self._header = [name.strip() for name in cells]
            break
        if len(self._header) > MAX_COLUMNS:
            raise FeedError(f"{len(self._header)} columns", where=str(path), hint=f"At most {MAX_COLUMNS} are read")

    def header(self) -> list[str]:
        """Names of all columns."""
        return self._header

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        rows = self._rows()
        next(rows, None)
        width = len(self._header)
        for number, cells in rows:
            if isinstance(cells, RowRefused):
                yield number, cells
                continue
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) != width:
                hint = "Quote cells that hold the separator" if len(cells) > width else "The row is cut short"
                yield number, RowRefused(f"{len(cells)} cells where the header has {width}", hint=hint)
            else:
                yield number, {name: cell for name, cell in zip(self._header, cells, strict=True) if name}

    def _rows(self) -> Iterator[tuple[int, list[str] | RowRefused]]:
        lines = read_lines(self.path, self.encoding)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        number, skip = 0, self._separator_line
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                place = f"line {start}" if reader.line_num <= start else f"lines {start} to {reader.line_num}"
                yield number, RowRefused(f"malformed quotes in {place} ({error})", hint='Write a quote inside as ""')
                continue
            if not any(cell.strip() for cell in cells):
                number += bool(number)  # blank lines above the header are no rows, those below are
                continue
            if skip:
                skip = False
                continue
            number += 1
            yield number, cells


def _guess_delimiter(header: str) -> str:
    """The separator that is commonest in the header outside quotes; a comma if there is none."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t|", key=bare.count)
