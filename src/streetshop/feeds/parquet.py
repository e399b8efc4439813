"""Parquet feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.values import Values


class ParquetRecords:
    """The rows of a Parquet file, counted from 1, without columns of binary data."""

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
        """Names of all columns."""
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
