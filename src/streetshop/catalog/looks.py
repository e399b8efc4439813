"""The looks of product pages, kept beside a catalog: one SQLite file with a row for each product.

They are made from the catalog and its pictures, so they are in no snapshot, and a file that is lost is made again.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from streetshop.catalog.open import local_path
from streetshop.core.errors import CatalogDamaged, CatalogDiskFull, CatalogError, CatalogLocked

LOOKS_FILE: Final = "looks.sqlite3"
_VERSION: Final = 1
"""Of the table, in SQLite's ``user_version``. Rows of another version count as none."""
_WAIT: Final = 5.0
"""Seconds to wait for another process that writes."""
_AT_ONCE: Final = 500
_TABLE: Final = """
CREATE TABLE looks (
  product_id TEXT PRIMARY KEY, made_of TEXT NOT NULL, reading TEXT NOT NULL, vectors BLOB NOT NULL,
  matched TEXT NOT NULL, matches TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class LookRow:
    """The look of one product.

    Attributes:
        product_id: of the product whose page it is.
        made_of: hash of all that the look depends on; a look of another hash is out of date.
        reading: JSON of what was read in the pictures.
        vectors: (number of garments, dim) float32, little-endian.
        matched: stands for the catalog and the request that gave the matches.
        matches: JSON of the products of each garment.
    """

    product_id: str
    made_of: str
    reading: str
    vectors: bytes
    matched: str
    matches: str


class StoredLooks:
    """The looks of a catalog. Calls are safe from several threads and processes; every write is one transaction.

    Args:
        path: of the file, which :meth:`put` makes.

    Raises:
        CatalogDamaged: (every method) the file is something else.
        CatalogLocked: (every method) another process writes for longer than five seconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, url: str) -> StoredLooks:
        """Those of the catalog at an address."""
        return cls(local_path(url) / LOOKS_FILE)

    def get(self, product_id: str) -> LookRow | None:
        """The look of a product; None if there is none."""
        with self._reading() as connection:
            if connection is None:
                return None
            found = connection.execute("SELECT * FROM looks WHERE product_id = ?", (product_id,)).fetchone()
        return None if found is None else LookRow(*found)

    def ids(self) -> list[str]:
        """Ids of all products that have a look, sorted."""
        with self._reading() as connection:
            rows = [] if connection is None else connection.execute("SELECT product_id FROM looks").fetchall()
        return sorted(row[0] for row in rows)

    def count(self) -> int:
        """Number of products that have a look."""
        with self._reading() as connection:
            return 0 if connection is None else int(connection.execute("SELECT count(*) FROM looks").fetchone()[0])

    def put(self, rows: Sequence[LookRow], removed: Iterable[str] = ()) -> None:
        """Add looks, or replace those of the same products, and remove others. Raises CatalogDiskFull."""
        gone = [(each,) for each in removed]
        if not rows and not gone:
            return
        with self._failures(), closing(sqlite3.connect(self.path, timeout=_WAIT)) as connection, connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                connection.execute("DROP TABLE IF EXISTS looks")
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            for start in range(0, len(gone), _AT_ONCE):
                connection.executemany("DELETE FROM looks WHERE product_id = ?", gone[start : start + _AT_ONCE])
            connection.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?, ?)", [*map(astuple, rows)])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection; None if no look was ever stored."""
        if not self.path.exists():
            yield None
            return
        # Not "ro": what a writer that was killed left is undone by the next reader.
        address = f"{self.path.resolve().as_uri()}?mode=rw"
        with self._failures(), closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as connection:
            known = connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION
            yield connection if known else None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """SQLite's errors as those of a catalog."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            where = str(self.path)
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise CatalogLocked("another process writes looks", where=where, hint="Wait for it") from error
            if code == sqlite3.SQLITE_FULL:
                raise CatalogDiskFull("no space left for looks", where=where, hint="Free some space") from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
                raise CatalogDamaged(
                    f"the stored looks cannot be read ({error})",
                    where=where,
                    hint="Delete the file, then make them again: streetshop page --feed FEED --catalog CATALOG",
                ) from error
            raise CatalogError(f"the stored looks cannot be used ({error})", where=where) from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise CatalogDiskFull("no space left for looks", where=str(self.path)) from error
            raise
