"""The rows of a feed file as they stand, whatever its format: CSV, TSV, JSON lines, a JSON array, Parquet.

Readers go over the file anew on every iteration and hold one row (Parquet: one batch of rows) in memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.json import JsonArrayRecords, JsonLinesRecords
from streetshop.feeds.text import read_lines, read_pieces, text_encoding, unreadable
from streetshop.feeds.values import Values

MAX_COLUMNS: Final = 2000

_MAX_CELL: Final = 2**20
_ARCHIVES: Final = {
    b"PK\x03\x04": "a zip archive (or an .xlsx workbook)",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\xd0\xcf\x11\xe0": "an .xls workbook",
}


class Records(Protocol):
    """Rows of one feed file."""

    @property
    def kind(self) -> str:
        """``CSV``, ``JSON lines``, ``JSON array`` or ``Parquet``."""
        ...

    @property
    def typed(self) -> bool:
        """Whether values have types of their own; in CSV all is text."""
        ...

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        """Row numbers, as a person counts them in the file, with the values or why there are none."""
        ...

    def header(self) -> list[str] | None:
        """Names of all columns, None where only reading every row tells."""
        ...


def open_records(path: Path, encoding: str | None = None) -> Records:
    """The reader for a file, chosen by its content, then by its name. Raises :class:`FeedError`."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise unreadable(path, error) from None
    if head[:4] == b"PAR1":
        return ParquetRecords(path)
    archive = next((name for magic, name in _ARCHIVES.items() if head.startswith(magic)), None)
    if archive is None and head[257:262] == b"ustar":
        archive = "a tar archive"
    if archive:
        raise FeedError(
            f"this is {archive}", where=str(path), hint="Unpack it, and give a folder, CSV, JSON lines or Parquet"
        )
    encoding = text_encoding(path, encoding)
    suffix = path.suffix.lower()
    first = next((piece.strip()[:1] for piece in read_pieces(path, encoding) if piece.strip()), "")
    if not first:
        raise FeedError("the feed is empty", where=str(path), hint="Export it again")
    if first == "<":
        raise FeedError("XML and HTML are not read", where=str(path), hint="Export the feed as CSV, TSV or JSON lines")
    if suffix not in (".csv", ".tsv") and first == "[":
        return JsonArrayRecords(path, encoding)
    if suffix in (".json", ".jsonl", ".ndjson") or (suffix not in (".csv", ".tsv", ".txt") and first == "{"):
        return JsonLinesRecords(path, encoding)
    return CsvRecords(path, encoding, "\t" if suffix == ".tsv" else None)


# --- CSV --------------------------------------------------------------------------------------------------------------


class CsvRecords:
    """Comma, semicolon, tab or bar separated values with a header. Row 1 is the header, as in a spreadsheet."""

    kind = "CSV"
    typed = False

    def __init__(self, path: Path, encoding: str, delimiter: str | None) -> None:
        self.path, self.encoding = path, encoding
        self._said = False
        first = next((line.strip() for line in read_lines(path, encoding) if line.strip()), "")
        if match := re.fullmatch(r'"?sep=(.)"?', first):  # Excel writes this in front of the header
            self._said = True
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
        number, skip = 0, self._said
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


# --- Parquet ----------------------------------------------------------------------------------------------------------


class ParquetRecords:
    """A Parquet file; rows are counted from 1. Columns of binary data are left unread."""

    kind = "Parquet"
    typed = True

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self._errors = (pa.ArrowException, OSError, ValueError)
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
        except self._errors as error:
            raise self._damaged(error) from None
        binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
        self._header = [field.name for field in schema if not any(check(field.type) for check in binary)]
        if len(set(self._header)) < len(self._header):
            raise FeedError("two columns have one name", where=str(path), hint="Rename one")

    def header(self) -> list[str]:
        return self._header

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=256, columns=self._header):
                    for values in batch.to_pylist():
                        number += 1
                        yield number, values
        except self._errors as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> FeedError:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return FeedError(f"the Parquet file is damaged ({first})", where=str(self.path), hint="Export it again")
