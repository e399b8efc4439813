"""CSV feeds: comma, semicolon, tab or bar separated values."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.text import MAX_LINE, read_lines
from streetshop.feeds.values import Values


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
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
        self._header: list[str] = []
        for _, cells in self._rows():
            if isinstance(cells, RowRefused):
                raise FeedError(f"the header is malformed: {cells.what}", where=str(path), hint="Export it again")
            self._header = [name.strip() for name in cells]
            break

    def header(self) -> list[str]:
        """Names of all columns."""
        return self._header

    def count(self) -> None:
        """The rows are only counted by reading them."""

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
        lines = _Lines(self.path, self.encoding)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        number, skip = 0, self._separator_line
        while True:
            lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                number += 1
                what = "malformed quotes in" if isinstance(error, csv.Error) else "a row that is too long begins in"
                yield number, RowRefused(f"{what} line {lines.first} ({error})", hint='Write a quote inside as ""')
                lines.retry()
                continue
            if not any(cell.strip() for cell in cells):
                number += bool(number)  # blank lines above the header are no rows, those below are
                continue
            if skip:
                skip = False
                continue
            number += 1
            yield number, cells


class _TooLong(Exception):
    """A record has more than ``MAX_LINE`` characters."""


class _Lines:
    """The lines for ``csv.reader``, which remembers those of the present record.

    A quote that is never closed joins all lines up to the next quote to one record. :meth:`retry` lets the lines after
    its first be read again, so that only the line with the quote is lost. No line is read more than twice for that: the
    record ends at the next unpaired quote.

    Attributes:
        first: number of the first line of the record, from 1.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._lines = read_lines(path, encoding)
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._held = 0
        self.first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        self._held += len(line)
        if self._held > MAX_LINE:
            raise _TooLong(f"more than {MAX_LINE} characters")
        return line

    def begin(self) -> None:
        """A record begins."""
        self.first += len(self._record)
        self._record, self._held = [], 0

    def retry(self) -> None:
        """Read the lines after the first of the present record again."""
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]


def _guess_delimiter(header: str) -> str:
    """The separator that is commonest in the header outside quotes; a comma if there is none."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t|", key=bare.count)
