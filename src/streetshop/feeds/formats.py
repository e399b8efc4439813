"""Choose the reader of a feed file by its content, then by its name.

Readers read the file again on every iteration and hold one row (Parquet: one batch of rows) in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.csv import CsvRecords
from streetshop.feeds.json import open_json
from streetshop.feeds.packed import is_packed, open_packed, plain_suffix
from streetshop.feeds.parquet import ParquetRecords
from streetshop.feeds.text import check_regular, read_pieces, text_encoding, unreadable
from streetshop.feeds.values import Values
from streetshop.feeds.xml import XmlRecords

_ARCHIVES: Final = {
    b"PK\x03\x04": "a zip archive (or an .xlsx workbook)",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "a gzip file inside a gzip file",
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
        """``CSV``, ``JSON lines``, ``JSON array``, ``JSON objects``, ``XML`` or ``Parquet``."""
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


_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_HTML: Final = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


def open_records(path: Path, encoding: str | None = None) -> Records:
    """The reader of a file, which may be packed with gzip.

    Raises:
        FeedError: it is an archive, HTML, empty, a pipe or device, or cannot be read.
    """
    check_regular(path)
    try:
        with open_packed(path) as file:
            head = file.read(512)
        packed = is_packed(path)
    except OSError as error:
        raise unreadable(path, error) from None
    if head[:4] == b"PAR1":
        if packed:
            raise FeedError("this is a Parquet file inside a gzip file", where=str(path), hint="Unpack it")
        return ParquetRecords(path)
    archive = next((name for magic, name in _ARCHIVES.items() if head.startswith(magic)), None)
    if archive is None and head[257:262] == b"ustar":
        archive = "a tar archive"
    if archive:
        raise FeedError(
            f"this is {archive}", where=str(path), hint="Unpack it, and give a folder, CSV, XML, JSON lines or Parquet"
        )
    encoding = _encoding(path, encoding, head)
    suffix = plain_suffix(path)
    start = next((piece for piece in read_pieces(path, encoding) if piece.strip()), "").lstrip()
    first = start[:1]
    if not first:
        raise FeedError("the feed is empty", where=str(path), hint="Export it again")
    if _HTML.match(start[:4096]):
        raise FeedError(
            "this is a page in HTML", where=str(path), hint="Give the file or the address of the feed itself"
        )
    if first == "<":
        return XmlRecords(path, encoding)
    if suffix in (".json", ".jsonl", ".ndjson") or (
        suffix not in (".csv", ".tsv") and (first == "[" or (first == "{" and suffix != ".txt"))
    ):
        return open_json(path, encoding)
    return CsvRecords(path, encoding, "\t" if suffix == ".tsv" else None)


def _encoding(path: Path, given: str | None, head: bytes) -> str:
    """The encoding that is given, that an XML file declares, or that its bytes have."""
    declared = _DECLARED.match(head)
    if given is None and declared:
        try:
            return text_encoding(path, declared[1].decode("ascii"))
        except FeedError:
            pass  # a wrong declaration
    return text_encoding(path, given)
