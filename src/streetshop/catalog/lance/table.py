"""The LanceDB table of a generation: create, open, read and write rows."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streetshop.catalog.lance.rows import entries_of, table_schema
from streetshop.catalog.store import Entry

if TYPE_CHECKING:
    import pyarrow as pa

NAME: Final = "shots"
_PARTIAL: Final = re.compile(r"\.tmp\w+|\d+\.manifest#\d+")
_IDS_AT_ONCE: Final = 500
_ATTEMPTS: Final = 5
CACHE_BYTES: Final = 16 << 20
"""Memory for LanceDB's cached metadata, and as much for its indexes. Every write makes metadata of a new version, so by
default (1 GiB and 6 GiB) a process that writes grows without end."""


def table_folder(folder: Path) -> Path:
    """The folder of the table in that of a generation."""
    return folder / f"{NAME}.lance"


def create_table(folder: Path, dim: int) -> None:
    """An empty table in ``folder``, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _connect(folder).create_table(NAME, schema=table_schema(dim))


def open_table(folder: Path) -> Any:
    """The table in ``folder``, at its newest version."""
    return _connect(folder).open_table(NAME)


def _connect(folder: Path) -> Any:
    import lancedb

    return lancedb.connect(folder, session=lancedb.Session(CACHE_BYTES, CACHE_BYTES))


def remove_partial_files(folder: Path) -> None:
    """Remove what LanceDB writes under another name first and a killed process left. Nobody may be writing."""
    for path in (folder / f"{NAME}.lance").rglob("*"):
        if _PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def read_rows(table: Any, columns: Sequence[str], where: str | None = None) -> pa.Table:
    """The columns of all rows that satisfy the SQL condition ``where``."""
    query = table.search()
    return (query.where(where) if where else query).select(list(columns)).to_arrow()


def read_products(table: Any, columns: Sequence[str], ids: Sequence[str], where: str) -> Iterator[pa.Table]:
    """The columns of those rows of some products that satisfy the SQL condition ``where``, in several tables."""
    for start in range(0, len(ids), _IDS_AT_ONCE):
        condition = f"{where} AND {sql_ids(ids[start : start + _IDS_AT_ONCE])}"
        yield read_rows(table, columns, condition)


def read_entries(table: Any, ids: Sequence[str]) -> dict[str, Entry]:
    """The entries of those products that exist."""
    found: dict[str, Entry] = {}
    for part in read_products(table, ["product_id", "shot", "vector", "thumbnail", "product"], ids, "shot >= 0"):
        dim = part.schema.field("vector").type.list_size
        found.update((entry.product.id, entry) for entry in entries_of(part, dim))
    return found


def next_stamp(table: Any) -> int:
    """The stamp of the next write, greater than that of every earlier one: each of them made a version."""
    return int(table.version) + 1


def replace_products(table: Any, ids: Sequence[str], new: pa.Table) -> None:
    """Replace all rows of the products ``ids`` by ``new``, in one commit.

    Tried again if ``optimize`` commits at the same time.
    """
    for attempt in range(_ATTEMPTS):
        try:
            (
                table.merge_insert(["product_id", "shot"])
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(sql_ids(ids))
                .execute(new)
            )
            return
        except (RuntimeError, OSError, ValueError) as error:
            if "conflict" not in str(error).lower() or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt)
            table.checkout_latest()


def merge_recent(table: Any, stamp: int) -> None:
    """Put the rows later than ``stamp`` into one data file, in one commit.

    They stay as they are, and so do their stamps: readers see no difference.
    """
    recent = read_rows(table, table.schema.names, f"stamp > {stamp}")
    if len(recent):
        replace_products(table, recent.column("product_id").unique().to_pylist(), recent.cast(table.schema))


def sql_ids(ids: Iterable[str]) -> str:
    """The SQL condition that a row belongs to one of the products ``ids``."""
    quoted = ("'" + i.replace("'", "''") + "'" for i in ids)
    return f"product_id IN ({', '.join(quoted)})"
