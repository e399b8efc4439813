"""Read a Parquet file once, in a process of its own.

``python -m streetshop.feeds.parquet_check FILE COLUMN... -- PICTURES...`` names the columns that are read, and those of
pictures.

Arrow ends the process on some damaged files, and a file of kilobytes can unpack to terabytes. Here neither harms the
caller: this process has a limit of memory, and how it ends says whether the file can be read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

MAX_MEMORY: Final = 2**31
"""Bytes that reading may take, at most."""
MAX_GROUP_BYTES: Final = 2**30
"""Bytes of a column of a row group, unpacked, at most."""
MAX_GROUP_VALUES: Final = 2**24
"""Values of a column of a row group, at most; a list holds several."""
MAX_PICTURE_BYTES: Final = 2**33
"""Bytes of the pictures of a row group, at most: a few of them are unpacked at one time."""
_PICTURE_ROWS: Final = 16
_BATCH_ROWS: Final = 256
"""Rows that are unpacked at one time."""
TOO_LARGE: Final = 3
"""Exit code if reading takes too much; the reason is on stdout."""


def open_parquet(path: str) -> Any:
    """The file, with texts as indices into those that are stored: one that is repeated takes no memory again."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.metadata.schema
        leaves = [schema.column(index).path for index in range(file.metadata.num_columns)]
    return pq.ParquetFile(path, read_dictionary=leaves, pre_buffer=False)


def batches(file: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Record batches of some columns, a few rows each."""
    # Group by group: in lists, a batch with the dictionaries of two cannot be read.
    for group in range(file.num_row_groups):
        yield from file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns)


def _too_large(metadata: Any, columns: Sequence[str], most: int = MAX_GROUP_BYTES) -> str:
    """What takes too much memory by the file's own directory; empty if nothing does."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            if not any(f"{column.path_in_schema}.".startswith(f"{name}.") for name in columns):
                continue
            if column.num_values > MAX_GROUP_VALUES or column.total_uncompressed_size > most:
                return (
                    f"row group {number} has {column.num_values} values in {column.total_uncompressed_size} bytes of "
                    f"{column.path_in_schema}"
                )
    return ""


def _limit_memory() -> None:
    """Limit what is allocated from here on; where the system cannot, it stays as it is."""
    import resource
    from contextlib import suppress
    from pathlib import Path

    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + MAX_MEMORY, most))


def main(path: str, columns: Sequence[str], pictures: Sequence[str] = ()) -> int:
    """Read all of the columns; the exit code of the process."""
    import pyarrow as pa
    import pyarrow.parquet  # before the limit

    _limit_memory()
    try:
        with open_parquet(path) as file:
            if reason := _too_large(file.metadata, columns):
                print(reason)
                return TOO_LARGE
            for _ in batches(file, columns):
                pass
        if pictures:
            with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
                if reason := _too_large(file.metadata, pictures, MAX_PICTURE_BYTES):
                    print(reason)
                    return TOO_LARGE
                for _ in file.iter_batches(_PICTURE_ROWS, columns=list(pictures)):
                    pass
    except (MemoryError, pa.ArrowMemoryError):
        print(f"reading it takes more than {MAX_MEMORY >> 20} MiB")
        return TOO_LARGE
    return 0


if __name__ == "__main__":
    names = sys.argv[2:]
    end = names.index("--") if "--" in names else len(names)
    sys.exit(main(sys.argv[1], names[:end], names[end + 1 :]))
