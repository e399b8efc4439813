"""What a catalog remembers of the shops that it is kept in step with: an SQLite file in its folder."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.core.errors import SyncError

FILE: Final = "sync.sqlite"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS shop (name TEXT PRIMARY KEY, since TEXT NOT NULL, languages TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS product (shop TEXT, id TEXT, updated TEXT NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (shop TEXT, id TEXT, product TEXT NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_of_product ON entry (shop, product);
CREATE TABLE IF NOT EXISTS due (shop TEXT, id TEXT, since REAL NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery (shop TEXT, id TEXT, at REAL NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID;
"""
_REMEMBERED: Final = 3 * 24 * 3600.0
_WAIT: Final = 10.0
"""Both in seconds."""


@dataclass(frozen=True, slots=True)
class ShopState:
    """Where the last synchronisation with a shop ended.

    Attributes:
        since: changes from this moment on are read; empty before the first import was complete.
        languages: of the shop's words, the commonest first; empty if unknown.
    """

    since: str = ""
    languages: tuple[str, ...] = ()


class SyncState:
    """The state of one shop in one catalog; thread-safe, and shared by processes.

    Args:
        folder: of the catalog.
        shop: its name.

    Raises:
        SyncError: the file cannot be used; also every method.
    """

    def __init__(self, folder: Path, shop: str) -> None:
        self.path = folder / FILE
        self.shop = shop
        self._lock = threading.Lock()
        with self._transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with closing(sqlite3.connect(self.path, timeout=_WAIT)) as db, db:
                    yield db
            except sqlite3.Error as error:
                raise SyncError(
                    f"what is known of the shop cannot be read or written ({error})",
                    where=str(self.path),
                    hint="Check the disk and the permissions; without the file, the next sync reads the whole shop",
                ) from None

    def read(self) -> ShopState:
        """Where the last synchronisation ended."""
        with self._transaction() as db:
            row = db.execute("SELECT since, languages FROM shop WHERE name = ?", (self.shop,)).fetchone()
        return ShopState(row[0], tuple(filter(None, row[1].split(",")))) if row else ShopState()

    def finish(self, state: ShopState) -> None:
        """Remember where a synchronisation ended."""
        with self._transaction() as db:
            db.execute("REPLACE INTO shop VALUES (?, ?, ?)", (self.shop, state.since, ",".join(state.languages)))

    def products(self) -> dict[str, str]:
        """The known products, with the moments of their last changes."""
        with self._transaction() as db:
            return dict(db.execute("SELECT id, updated FROM product WHERE shop = ?", (self.shop,)).fetchall())

    def entries(self, products: Sequence[str] | None = None) -> dict[str, str]:
        """The ids in the catalog of some products, or of all, each with the id of its product."""
        with self._transaction() as db:
            if products is None:
                return dict(db.execute("SELECT id, product FROM entry WHERE shop = ?", (self.shop,)).fetchall())
            query = "SELECT id, product FROM entry WHERE shop = ? AND product = ?"
            return {row[0]: row[1] for each in products for row in db.execute(query, (self.shop, each)).fetchall()}

    def record(self, updated: Mapping[str, str], entries: Mapping[str, str]) -> None:
        """Remember products as they are in the catalog: all of their entries, and the moments of their changes."""
        with self._transaction() as db:
            db.executemany("DELETE FROM entry WHERE shop = ? AND product = ?", [(self.shop, each) for each in updated])
            db.executemany(
                "REPLACE INTO product VALUES (?, ?, ?)", [(self.shop, each, moment) for each, moment in updated.items()]
            )
            db.executemany(
                "REPLACE INTO entry VALUES (?, ?, ?)", [(self.shop, each, product) for each, product in entries.items()]
            )

    def expect(self, entries: Mapping[str, str]) -> None:
        """Remember entries before they are written, so that none is orphaned if the process ends meanwhile."""
        with self._transaction() as db:
            db.executemany(
                "REPLACE INTO entry VALUES (?, ?, ?)", [(self.shop, each, product) for each, product in entries.items()]
            )

    def forget(self, products: Iterable[str]) -> None:
        """Forget products that are gone."""
        gone = [(self.shop, each) for each in products]
        with self._transaction() as db:
            for table, column in (("product", "id"), ("entry", "product"), ("due", "id")):
                db.executemany(f"DELETE FROM {table} WHERE shop = ? AND {column} = ?", gone)  # noqa: S608

    def due(self) -> dict[str, float]:
        """Products that are to be read again whatever their moments say, and since when."""
        with self._transaction() as db:
            return dict(db.execute("SELECT id, since FROM due WHERE shop = ?", (self.shop,)).fetchall())

    def add_due(self, products: Iterable[str]) -> None:
        """Have products read again; those that are due already are due since now."""
        with self._transaction() as db:
            now = time.time()
            db.executemany("REPLACE INTO due VALUES (?, ?, ?)", [(self.shop, each, now) for each in products])

    def done(self, due: Mapping[str, float]) -> None:
        """Products are up to date, except those that became due again since :meth:`due` gave them."""
        with self._transaction() as db:
            query = "DELETE FROM due WHERE shop = ? AND id = ? AND since <= ?"
            db.executemany(query, [(self.shop, each, since) for each, since in due.items()])

    def delivered(self, delivery: str, product: str) -> bool:
        """Note a delivery of a webhook and have its product read again, in one step.

        Returns:
            Whether it is new. Deliveries are remembered for three days.
        """
        with self._transaction() as db:
            now = time.time()
            db.execute("DELETE FROM delivery WHERE at < ?", (now - _REMEMBERED,))
            found = db.execute("INSERT OR IGNORE INTO delivery VALUES (?, ?, ?)", (self.shop, delivery, now)).rowcount
            if found:
                db.execute("REPLACE INTO due VALUES (?, ?, ?)", (self.shop, product, now))
        return bool(found)
