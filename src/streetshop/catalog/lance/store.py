"""The LanceDB adapter: a catalog in a folder, one table, one row per shot.

Every write is one commit of LanceDB, so it happens entirely or not at all, and readers in other processes see it at
their next call. ``layout`` describes the folder, ``rows`` the table, ``view`` what is searched.
"""

# ruff: noqa: D102 - the port documents the methods

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter, fold
from streetshop.catalog.lance import layout, locks, rows, table
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.health import Health
from streetshop.catalog.lance.record import remove_abandoned_parts, write_record
from streetshop.catalog.lance.upkeep import Upkeep
from streetshop.catalog.lance.view import View
from streetshop.catalog.store import (
    CatalogMeta,
    Change,
    Entry,
    Finding,
    Hit,
    Known,
    Progress,
    Store,
    StoreInfo,
    Words,
    check_entries,
    check_query,
)
from streetshop.core.errors import CatalogError, ProductMissing, RecordError, UsageError
from streetshop.core.files import sync
from streetshop.core.records import FieldType, Product, Vector, check_product_id


class LanceStore:
    """A catalog in a folder; see :class:`streetshop.catalog.store.Store` for its methods."""

    def __init__(self, root: Path, meta: CatalogMeta, *, rebuilding: bool = False) -> None:
        self.root = root
        self.url = str(root)
        self._writer = locks.writer_lock(root)
        self._generation = Generation(root, meta)
        self._meta_stamp = self._stamp()
        self._health: Health | None = None
        self._rebuild: LanceStore | None = None
        self._rebuilding = rebuilding
        """A rebuild stays at its generation; the store that began it holds the lock."""
        self._upkeep = Upkeep()

    # --- opening ---

    @classmethod
    def open(cls, root: Path, *, write: bool = False) -> LanceStore:
        """See ``open_catalog``."""
        meta = layout.read_meta(root)
        if write:
            with typed_errors(root, "locking the catalog"), locks.writer_lock(root).hold("index"):
                meta = layout.read_meta(root)
                remove_abandoned_parts(root, meta.generation)
        with typed_errors(root, "opening the catalog"):
            return cls(root, meta)

    @classmethod
    def create(cls, root: Path, meta: CatalogMeta) -> LanceStore:
        """See ``create_catalog``."""
        with typed_errors(root, "creating the catalog"):
            layout.check_vacant(root)
            root.mkdir(parents=True, exist_ok=True)
            with locks.writer_lock(root).hold("create"):
                layout.check_vacant(root)
                meta = replace(meta, generation=1)
                table.create_table(layout.generation_folder(root, 1), meta.dim)
                write_record(root, layout.generation_folder(root, 1))
                layout.write_meta(root, meta)
                sync(root.resolve().parent)
        return cls(root, meta)

    @property
    def meta(self) -> CatalogMeta:
        """Metadata of the current generation."""
        return self._generation.meta

    def close(self) -> None:
        """Close the catalog. A rebuild that was not committed stays, unfinished."""
        self._upkeep.close()
        if self._rebuild is not None:
            self._rebuild = None
            self._writer.release()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self.root / layout.META_FILE).stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns)

    def _current(self) -> Generation:
        """The current generation, reopened after another process swapped in a rebuild."""
        with typed_errors(self.root, "reading the catalog"):
            stamp = self._stamp()
            if not self._rebuilding and stamp != self._meta_stamp:
                meta = layout.read_meta(self.root)
                if meta != self.meta:
                    self._generation = Generation(self.root, meta)
                self._meta_stamp = stamp
            return self._generation

    # --- writing ---

    @contextmanager
    def _locked(self, doing: str) -> Iterator[None]:
        if self._rebuilding:
            yield
            return
        with typed_errors(self.root, doing):
            self._writer.acquire("write")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Generation]:
        with self._locked(doing), typed_errors(self.root, doing):
            generation = self._current()
            generation.check_record()
            yield generation

    def upsert(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        with self._writing("writing products") as generation:
            self._write(generation, entries, [])

    def delete(self, ids: Iterable[str]) -> int:
        wanted = _clean_ids(ids)
        with self._writing("deleting products") as generation:
            there: list[str] = []
            for found in table.read_products(generation.latest(), ["product_id"], wanted, "shot = 0"):
                there += found.column("product_id").to_pylist()
            self._write(generation, [], there)
        return len(there)

    def change(self, ids: Iterable[str], change: Change) -> None:
        wanted, doing = _clean_ids(ids), "changing products"
        with self._locked(doing):
            with typed_errors(self.root, doing):
                generation = self._current()
                generation.check_record()
                before = table.read_entries(generation.latest(), wanted)
            written, removed = [], []
            for product_id in wanted:
                old = before.get(product_id)
                new = change(product_id, old)  # its errors are its own
                if new is None and old is not None:
                    removed.append(product_id)
                elif new is not None and new is not old:
                    if new.product.id != product_id:
                        raise RecordError(f"a change to {new.product.id!r}", where=f"product {product_id!r}")
                    written.append(new)
            with typed_errors(self.root, doing):
                self._write(generation, written, removed)

    def _write(self, generation: Generation, entries: Sequence[Entry], removed: Sequence[str]) -> None:
        """Replace products by ``entries`` and remove others, in one commit."""
        entries = check_entries(entries, generation.meta.blocks)
        if not entries and not removed:
            return
        latest = generation.latest()
        new = rows.written(entries, removed, table.next_stamp(latest), latest.schema)
        table.replace_products(latest, [*(entry.product.id for entry in entries), *removed], new)
        generation.record()
        if not self._rebuilding:  # it is optimized before it is swapped in
            self._upkeep.written(generation, len(new))

    # --- reading ---

    @contextmanager
    def _reading(self, doing: str) -> Iterator[View]:
        with typed_errors(self.root, doing):
            yield self._current().view()

    def get(self, ids: Sequence[str]) -> list[Product | None]:
        with self._reading("reading products") as view:
            return [view.get(_clean_id(i)) for i in ids]

    def known(self, ids: Sequence[str]) -> dict[str, Known]:
        # From the table, not from the view: a process that only writes needs no copy of the catalog in memory.
        found: dict[str, Known] = {}
        columns = ["product_id", "row_hash", "product"]
        with typed_errors(self.root, "reading products"):
            for part in table.read_products(self._current().latest(), columns, _clean_ids(ids), "shot = 0"):
                for name, digest, text in zip(*(part.column(c).to_pylist() for c in columns), strict=True):
                    shots = rows.product_from_json(text).shots
                    tagged = all(shot.tags is not None and "colour" in shot.tags for shot in shots)
                    found[name] = Known(digest, tuple(shot.sha256 for shot in shots), tagged)
        return found

    def entries(self, ids: Sequence[str]) -> dict[str, Entry]:
        with typed_errors(self.root, "reading products"):
            return table.read_entries(self._current().latest(), _clean_ids(ids))

    def vectors(self, product_id: str) -> NDArray[np.float32]:
        with self._reading("reading a product") as view:
            found = view.vectors(_clean_id(product_id))
        if found is None:
            raise ProductMissing(f"no product {product_id!r}", where=self.url)
        return found

    def thumbnail(self, product_id: str, shot: int = 0) -> bytes | None:
        condition = f"shot = {int(shot)} AND {table.sql_ids([_clean_id(product_id)])}"
        with typed_errors(self.root, "reading a thumbnail"):
            found = self._current().select(["thumbnail"], condition)
        if shot < 0 or not len(found):
            raise ProductMissing(f"no product {product_id!r} with a shot {shot}", where=self.url)
        value: bytes | None = found.column("thumbnail")[0].as_py()
        return value

    def ids(self) -> Iterable[str]:
        with typed_errors(self.root, "listing the products"):
            found: list[str] = self._current().select(["product_id"], "shot = 0").column("product_id").to_pylist()
        return sorted(found)

    def variants(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        with self._reading("reading products") as view:
            return view.variants(_clean_ids(ids))

    def count(self, where: Filter | None = None, *, designs: bool = False) -> int:
        with self._reading("counting") as view:
            return view.count_designs(where) if designs else view.count(where)

    def fields(self) -> dict[str, FieldType]:
        with self._reading("reading the fields") as view:
            return view.fields()

    def values(self, name: str, limit: int = 100) -> list[tuple[str, int]]:
        with self._reading(f"reading the values of {name}") as view:
            return view.values(fold(name), limit)

    def bounds(self, name: str) -> tuple[float, float] | None:
        with self._reading(f"reading the values of {name}") as view:
            return view.bounds(fold(name))

    def search(
        self,
        query: Vector,
        k: int,
        where: Filter | None = None,
        *,
        words: Words | None = None,
        exact: bool = False,
    ) -> list[Hit]:
        _check_k(k)
        vector = check_query(query, self.meta.dim)
        with self._reading("searching") as view:
            return view.search(vector, k, where, exact, words)

    def find(self, words: Sequence[str], k: int, where: Filter | None = None) -> list[Hit]:
        _check_k(k)
        with self._reading("searching for words") as view:
            return view.find(tuple(words), k, where) if words else []

    def held(self, ids: Sequence[str], words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        with self._reading("searching for words") as view:
            return view.held(_clean_ids(ids), tuple(words))

    # --- maintenance ---

    def info(self) -> StoreInfo:
        with typed_errors(self.root, "reading statistics"):
            return self._current().info()

    def optimize(self, progress: Progress | None = None) -> None:
        from streetshop.catalog.lance.optimize import optimize

        optimize(self._current(), progress)

    def health(self) -> list[Finding]:
        with typed_errors(self.root, "checking the catalog"):
            generation = self._current()
            if self._health is None or self._health.generation is not generation:
                self._health = Health(generation)
            return self._health.check()

    def verify(self, progress: Progress | None = None) -> list[Finding]:
        from streetshop.catalog.lance.verify import verify

        return verify(self._current(), progress)

    def snapshot(self, target: Path, progress: Progress | None = None) -> None:
        from streetshop.catalog.lance.snapshot import snapshot

        self._current()
        snapshot(self.root, target, self._writer, progress)

    # --- rebuilding ---

    def begin_rebuild(self, meta: CatalogMeta) -> Store:
        with typed_errors(self.root, "beginning a rebuild"):
            if self._rebuild is not None:
                raise CatalogError(
                    "a rebuild is under way already", where=self.url, hint="Commit it or close the store"
                )
            self._writer.acquire("rebuild")
            try:
                number = self._current().meta.generation + 1
                self._rebuild = self._next_generation(replace(meta, generation=number))
            except BaseException:
                self._writer.release()
                raise
        return self._rebuild

    def _next_generation(self, meta: CatalogMeta) -> LanceStore:
        """The rebuild that was interrupted, if it is of the same encoder, blocks and reader; otherwise an empty one."""
        folder = layout.generation_folder(self.root, meta.generation)
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            if layout.parse_meta((folder / layout.META_FILE).read_bytes()) == meta:
                return LanceStore(self.root, meta, rebuilding=True)
        shutil.rmtree(folder, ignore_errors=True)
        table.create_table(folder, meta.dim)
        write_record(self.root, folder)
        layout.write_meta(folder, meta)
        return LanceStore(self.root, meta, rebuilding=True)

    def commit_rebuild(self) -> None:
        if self._rebuild is None:
            raise CatalogError("no rebuild was begun", where=self.url)
        with typed_errors(self.root, "committing a rebuild"):
            layout.write_meta(self.root, self._rebuild.meta)
            self._rebuild = None
            self._writer.release()
            self._current()
            locks.remove_old_generations(self.root, self.meta.generation)


def _check_k(k: int) -> None:
    if k < 1:
        raise UsageError(f"k is {k}", hint="Ask for at least one result")


def _clean_id(value: str) -> str:
    """An id as it is stored; an impossible id becomes the empty one, which no product has."""
    try:
        return check_product_id(value)
    except RecordError:
        return ""


def _clean_ids(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(clean for i in ids if (clean := _clean_id(i))))
