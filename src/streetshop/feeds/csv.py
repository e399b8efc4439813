"""CSV feeds: comma, semicolon, tab or bar separated values."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.header import Header, free_text, separator
from streetshop.feeds.text import MAX_LINE, read_lines, unreadable_part
from streetshop.feeds.values import Values

_HEAD_ROWS: Final = 10
"""Rows that may come before the header, and the header."""


class CsvRecords:
    """The rows of a CSV file with a header.

    Rows are counted as in a spreadsheet. Lines above the header that begin with ``#``, and titles, are left out.

    Args:
        path: the file.
        encoding: of its text.
        delimiter: the separator; None to find it.
    """

    kind = "CSV"
    typed = False

    def __init__(self, path: Path, encoding: str, delimiter: str | None) -> None:
        self.path, self.encoding = path, encoding
        self._separator_line = False
        lines = [line for _, line in zip(range(_HEAD_ROWS), _filled(path, encoding), strict=False)]
        first = lines[0].strip() if lines else ""
        if match := re.fullmatch(r'"?sep=(.)"?', first):  # Excel writes this above the header
            self._separator_line = True
            delimiter = match[1]
        self.delimiter = delimiter or separator(lines)
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
        self._header = Header([], 0)
        rows: list[tuple[int, list[str]]] = []
        for number, cells in self._rows():
            if isinstance(cells, RowRefused):
                if not rows:
                    raise FeedError(f"the header is malformed: {cells.what}", where=str(path), hint="Export it again")
                break
            rows.append((number, cells))
            if len(rows) == _HEAD_ROWS:
                break
        if rows:
            self._header = Header.find(rows)

    def header(self) -> list[str]:
        """Names of all columns; a name that stands there twice is there twice."""
        return self._header.names

    def count(self) -> None:
        """The rows are only counted by reading them."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        header = self._header
        width = len(header.names)
        for number, cells in self._rows():
            if number <= header.row:
                continue
            if isinstance(cells, RowRefused):
                yield number, cells
                continue
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) != width:
                hint = "Quote cells that hold the separator" if len(cells) > width else "The row is cut short"
                yield number, RowRefused(f"{len(cells)} cells where the header has {width}", hint=hint)
            else:
                yield number, header.values(cells)

    def _rows(self) -> Iterator[tuple[int, list[str] | RowRefused]]:
        lines = _Lines(self.path, self.encoding)
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        number, skip = 0, self._separator_line
        while True:
            lines.begin()
            cells: list[str] | RowRefused
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                cells = self._again(lines, error)
            if isinstance(cells, list):
                if len(lines.record) > 1 and self._has_rows_of_its_own(lines.record):
                    cells = self._bare(lines.retry())
                elif not any(cell.strip() for cell in cells):
                    number += bool(number)  # blank lines above the header are no rows, those below are
                    continue
                if skip:
                    skip = False
                    continue
                cells = self._checked(cells, lines.record)
            number += 1
            yield number, cells

    def _again(self, lines: _Lines, error: Exception) -> list[str] | RowRefused:
        """The first line of a record with malformed quotes, read in the other ways that shops write them."""
        first = lines.first
        line = lines.retry().rstrip("\r\n")
        width = len(self._header.names)
        if isinstance(error, csv.Error) and width:
            padded = rf'"[ \t]+(?={re.escape(self.delimiter)}|$)' if self.delimiter != "\t" else r'" +(?=\t|$)'
            for text, escape in ((re.sub(padded, '"', line), None), (line, "\\")):
                cells = self._parsed(text, escape)
                if cells is not None and len(cells) == width:
                    return cells
            if self.delimiter == "\t":
                cells = self._bare(line)
                if len(cells) == width:
                    return cells
        what = "malformed quotes in" if isinstance(error, csv.Error) else "a row that is too long begins in"
        return RowRefused(f"{what} line {first} ({error})", hint='Write a quote inside as ""')

    def _parsed(self, line: str, escape: str | None) -> list[str] | None:
        reader = csv.reader([line], delimiter=self.delimiter, escapechar=escape, skipinitialspace=True, strict=True)
        try:
            return next(reader, None)
        except csv.Error:
            return None

    def _bare(self, line: str) -> list[str]:
        """The cells of a line in which a quote is a letter, unless a cell stands in quotes as a whole."""
        cells = (cell.strip() for cell in line.rstrip("\r\n").split(self.delimiter))
        return [re.sub(r'^"([^"]*)"$', r"\1", cell) for cell in cells]

    def _has_rows_of_its_own(self, record: list[str]) -> bool:
        """Whether each line of a record is a row by itself: an inch sign was taken for a quote."""
        tabs = len(self._header.names) - 1
        return self.delimiter == "\t" and tabs > 0 and all(line.count("\t") == tabs for line in record)

    def _checked(self, cells: list[str], record: list[str]) -> list[str] | RowRefused:
        """The cells without surplus separators in free text; the reason if they cannot be read."""
        for line in record:
            if refused := unreadable_part(line, self.encoding):
                return refused
        names = self._header.names
        if len(cells) > len(names) > 1 and len(record) == 1 and '"' not in record[0] and free_text(names[-1]):
            # A title or description with separators of its own, in the last column of a file without quotes.
            return record[0].rstrip("\r\n").split(self.delimiter, len(names) - 1)
        return cells


class _TooLong(Exception):
    """A record has more than ``MAX_LINE`` characters."""


class _Lines:
    """The lines for ``csv.reader``, which remembers those of the present record.

    A quote that is never closed joins all lines up to the next quote to one record. :meth:`retry` lets the lines after
    its first be read again, so that only the line with the quote is lost. No line is read more than twice for that: the
    record ends at the next unpaired quote.

    Attributes:
        record: lines of the record.
        first: number of the first line of the record, from 1.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._lines = read_lines(path, encoding)
        self._again: deque[str] = deque()
        self._held = 0
        self.record: list[str] = []
        self.first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.record.append(line)
        self._held += len(line)
        if self._held > MAX_LINE:
            raise _TooLong(f"more than {MAX_LINE} characters")
        return line

    def begin(self) -> None:
        """A record begins."""
        self.first += len(self.record)
        self.record, self._held = [], 0

    def retry(self) -> str:
        """The first line of the present record; the lines after it are read again."""
        self._again.extendleft(reversed(self.record[1:]))
        del self.record[1:]
        return self.record[0]


def _filled(path: Path, encoding: str) -> Iterator[str]:
    return (line for line in read_lines(path, encoding) if line.strip())
