"""Choose the reader of a feed file by its content, then by its name.

Readers read the file again on every iteration and hold one row (Parquet: one batch of rows) in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.csv import CsvRecords
from streetshop.feeds.json import JsonArrayRecords, JsonLinesRecords
from streetshop.feeds.parquet import ParquetRecords
from streetshop.feeds.text import check_regular, read_pieces, text_encoding, unreadable
from streetshop.feeds.values import Values

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
        """Whether values have types of their own; in CSV everything is text."""
        ...

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        """Row numbers, as an editor or spreadsheet shows them, with the values or the reason why there are none."""
        ...

    def header(self) -> list[str] | None:
        """Names of all columns, None if they are only known after reading every row."""
        ...

    def count(self) -> int | None:
        """Number of rows, None if they are only counted by reading them."""
        ...


def open_records(path: Path, encoding: str | None = None) -> Records:
    """The reader of a file.

    Raises:
        FeedError: it is an archive, XML or HTML, empty, a pipe or device, or cannot be read.
    """
    check_regular(path)
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
