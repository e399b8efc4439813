"""Parquet feeds.

A small file may hold much: a value that is repeated is stored once. So the file is read in a process of its own first
(``parquet_check``), repeated texts stay as they are stored, and rows are made a few at a time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds import parquet_check
from streetshop.feeds.parquet_pictures import picture_columns
from streetshop.feeds.text import MAX_LINE
from streetshop.feeds.values import Values


class ParquetRecords:
    """The rows of a Parquet file, counted from 1.

    Columns of pictures have the sources of these as values, see :mod:`parquet_pictures`; other binary data is left out.
    """

    kind = "Parquet"
    typed = True

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self._checked = False
        self._errors = (pa.ArrowException, OSError, ValueError, OverflowError)
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                self._rows: int = file.metadata.num_rows
                self._pictures = picture_columns(file)
        except self._errors as error:
            raise self._damaged(error) from None
        binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
        pictures = {column.name for column in self._pictures}
        self._header = [
            field.name for field in schema if field.name in pictures or not any(check(field.type) for check in binary)
        ]
        self._read = [name for name in self._header if name not in pictures]
        self._read += [column.beside for column in self._pictures if column.beside]
        if len(set(self._header)) < len(self._header):
            raise FeedError("two columns have one name", where=str(path), hint="Rename one")

    def header(self) -> list[str]:
        """Names of all columns."""
        return self._header

    def count(self) -> int:
        """Number of rows, as the file says."""
        return self._rows

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        if not self._checked:
            self._check()
        number = 0
        try:
            with parquet_check.open_parquet(str(self.path)) as file:
                for batch in parquet_check.batches(file, self._read):
                    for row in _rows(batch):
                        number += 1
                        if not isinstance(row, RowRefused):
                            for column in self._pictures:
                                row[column.name] = column.sources(self.path.name, number, row.get(column.name))
                        yield number, row
        except self._errors as error:
            raise self._damaged(error) from None
        if number != self._rows:
            raise self._damaged(ValueError(f"it has {number} rows and says {self._rows}"))

    def _check(self) -> None:
        """Raise :class:`FeedError` unless the file can be read from beginning to end in bounded memory."""
        pictures = [column.data for column in self._pictures]
        command = [sys.executable, "-m", parquet_check.__name__, str(self.path), *self._read, "--", *pictures]
        done = subprocess.run(  # noqa: S603  # this Python, and arguments that no shell reads
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        if done.returncode == parquet_check.TOO_LARGE:
            raise FeedError(done.stdout.strip(), where=str(self.path), hint="Write smaller row groups and pages")
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"reading it ended with code {done.returncode}"]
            raise self._damaged(ValueError(last[0].strip()))
        self._checked = True

    def _damaged(self, error: Exception) -> FeedError:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return FeedError(f"the Parquet file is damaged ({first})", where=str(self.path), hint="Export it again")


def _rows(batch: Any) -> Iterator[Values | RowRefused]:
    """The rows of a batch, in halves as long as they have more than ``MAX_LINE`` characters together."""
    if sum(_characters(column) for column in batch.columns) <= MAX_LINE:
        # Decoded first, since that is much faster than value by value.
        columns = [column.dictionary_decode() if _is_dictionary(column) else column for column in batch.columns]
        yield from batch.from_arrays(columns, names=batch.schema.names).to_pylist()
    elif batch.num_rows == 1:
        yield RowRefused(f"more than {MAX_LINE} characters", hint="Shorten its texts and lists")
    else:
        half = batch.num_rows // 2
        yield from _rows(batch.slice(0, half))
        yield from _rows(batch.slice(half))


def _characters(array: Any) -> int:
    """Bytes of all texts of an array, inside lists and structures too, and one for each other value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _is_dictionary(array):
        lengths = pc.binary_length(array.dictionary).take(array.indices)
        return len(array) + (pc.sum(lengths).as_py() or 0)
    if pa.types.is_struct(array.type):
        return sum(_characters(field) for field in array.flatten())
    if pa.types.is_map(array.type):
        start, end = array.offsets[0].as_py(), array.offsets[-1].as_py()
        return sum(_characters(each.slice(start, end - start)) for each in (array.keys, array.items))
    if pa.types.is_nested(array.type):
        return len(array) + _characters(array.flatten())
    return len(array)


def _is_dictionary(array: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(array.type))
