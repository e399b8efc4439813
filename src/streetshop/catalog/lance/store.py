"""The LanceDB adapter: a catalog in a folder, one table, one row per shot.

Every write is one commit of LanceDB, so it happens entirely or not at all, and readers in other processes see it at
their next call. The layout of the folder is in ``lance_files``, that of a row in ``lance_rows``.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter, fold
from streetshop.catalog.lance import files, rows
from streetshop.catalog.lance.base import Base, open_base, read_base
from streetshop.catalog.lance.segment import matrix
from streetshop.catalog.lance.view import View, base_view, empty_view
from streetshop.catalog.store import (
    CatalogMeta,
    Entry,
    Finding,
    Hit,
    Known,
    Progress,
    Store,
    StoreInfo,
    check_entries,
    check_query,
)
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogError,
    CatalogExists,
    ProductMissing,
    RecordError,
    UsageError,
)
from streetshop.core.records import FieldType, Product, Vector, check_product_id

if TYPE_CHECKING:
    import pyarrow as pa

TABLE: Final = "shots"
_IDS_AT_ONCE: Final = 500
_RACY: Final = 0.1
"""Seconds within which two commits may leave the same time stamp on the folder of versions."""
_ATTEMPTS: Final = 5
_NEWEST: Final = 2**64 - 1
"""LanceDB names the file of version v by 2^64 - 1 - v, so that the newest comes first."""


class Generation:
    """One generation, open. Threads that search keep theirs when the catalog moves on to the next.

    LanceDB itself is imported and opened when the table is first needed: a search in a catalog to which nothing was
    written since ``optimize`` does without.
    """

    def __init__(self, root: Path, meta: CatalogMeta) -> None:
        self.root = root
        self.meta = meta
        self.folder = files.generation_folder(root, meta.generation)
        self._versions = self.folder / f"{TABLE}.lance" / "_versions"
        handle = files.share_generation(root, meta.generation)
        if handle is not None:
            weakref.finalize(self, os.close, handle)
        self._table: Any = None
        self._lock = threading.RLock()
        self._view: View | None = None
        self._base: Base | None = None
        self._seen = (-1, 0)
        self._looked = 0.0
        with files.typed_errors(root, "opening the catalog"):
            self._newest()

    @property
    def table(self) -> Any:
        """The table of LanceDB, at the version it was last brought to."""
        with self._lock:
            if self._table is None:
                import lancedb

                table = lancedb.connect(self.folder).open_table(TABLE)
                if table.schema.field("vector").type.list_size != self.meta.dim:
                    raise CatalogDamaged(
                        "the vectors have another length than catalog.json says",
                        where=str(self.root),
                    )
                self._table = table
            return self._table

    def latest(self) -> Any:
        """The table at its newest version."""
        table = self.table
        table.checkout_latest()
        return table

    def select(self, columns: Sequence[str], where: str) -> pa.Table:
        """All rows that satisfy ``where``, at the newest version."""
        return self.latest().search().where(where).select(list(columns)).to_arrow()

    def _newest(self) -> int:
        """The newest version, without LanceDB: one ``stat`` where nothing was written since."""
        stamp = self._versions.stat().st_mtime_ns
        version, seen = self._seen
        if stamp == seen and stamp / 1e9 + _RACY < self._looked:
            return version
        looked = time.time()
        names = [path.stem for path in self._versions.iterdir() if path.suffix == ".manifest"]
        numbers = [int(name) for name in names if name.isdigit()]
        if not numbers:
            raise CatalogDamaged(
                "the table has no version",
                where=str(self.root),
                hint="Restore a snapshot",
            )
        self._seen, self._looked = (_NEWEST - min(numbers), stamp), looked
        return self._seen[0]

    def view(self) -> View:
        """Everything that was written until now."""
        version = self._newest()
        view = self._view
        if view is not None and view.version >= version:
            return view
        with self._lock:
            if self._view is None or self._view.version < version:
                self._view = self._renewed(self._view)
            return self._view

    def _renewed(self, view: View | None) -> View:
        for _ in range(_ATTEMPTS):
            base = read_base(self.folder)
            if view is None or base != self._base:
                view, self._base = self._opened(base), base
            if view.version == self._newest():
                return view
            table = self.latest()
            version = int(table.version)
            written = table.search().where(f"stamp > {view.stamp}").select(list(rows.READ)).to_arrow()
            if read_base(self.folder) != base:
                continue  # optimize finished meanwhile, and may have removed the marks of deleted products
            for candidate in (view, empty_view(self.meta.dim)):
                if candidate is not view:  # the base does not fit: everything from the table
                    written = table.search().select(list(rows.READ)).to_arrow()
                renewed = candidate.with_rows(written, version)
                if renewed.shots == table.count_rows("shot >= 0"):
                    return renewed
        raise CatalogDamaged(
            "the rows do not fit together",
            where=str(self.root),
            hint="Restore a snapshot",
        )

    def _opened(self, base: Base | None) -> View:
        segment = open_base(self.folder, base, self.meta.dim) if base else None
        if base is None or segment is None:
            return empty_view(self.meta.dim)
        return base_view(self.meta.dim, segment, base.stamp, base.version)


class LanceStore:
    """See :class:`streetshop.catalog.store.Store`."""

    def __init__(self, root: Path, meta: CatalogMeta, writer: files.FileLock) -> None:
        self.root = root
        self.url = str(root)
        self._writer = writer
        self._generation = Generation(root, meta)
        self._catalog_stamp: tuple[int, int] | None = self._stamp()
        self._rebuild: LanceStore | None = None
        self._follows = True

    # --- opening ---

    @classmethod
    def open(cls, root: Path, *, write: bool = False) -> LanceStore:
        meta = files.read_meta(root)
        writer = files.FileLock(root / "locks" / "writer")
        if write:
            with files.typed_errors(root, "locking the catalog"), writer.hold("index"):
                meta = files.read_meta(root)
        return cls(root, meta, writer)

    @classmethod
    def create(cls, root: Path, meta: CatalogMeta) -> LanceStore:
        with files.typed_errors(root, "creating the catalog"):
            if root.is_dir() or root.exists() or root.is_symlink():
                _check_vacant(root)
            root.mkdir(parents=True, exist_ok=True)
            writer = files.FileLock(root / "locks" / "writer")
            with writer.hold("create"):
                _check_vacant(root)
                meta = replace(meta, generation=1)
                _create_table(root, meta)
                files.write_meta(root, meta)
                files.sync_folder(root.resolve().parent)
        return cls(root, meta, writer)

    @property
    def meta(self) -> CatalogMeta:
        return self._generation.meta

    def close(self) -> None:
        """Let go of the catalog. A rebuild that was not committed stays, unfinished."""
        if self._rebuild is not None:
            self._rebuild = None
            self._writer.release()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self.root / files.META_FILE).stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns)

    def _current(self) -> Generation:
        """The generation in use."""
        with files.typed_errors(self.root, "reading the catalog"):
            stamp = self._stamp()
            if self._follows and stamp != self._catalog_stamp:
                meta = files.read_meta(self.root)
                if meta != self.meta:
                    self._generation = Generation(self.root, meta)
                self._catalog_stamp = stamp
            return self._generation

    # --- writing ---

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Generation]:
        """Hold the writer's lock."""
        with files.typed_errors(self.root, doing):
            if not self._follows:  # a rebuild: the store that began it holds the lock
                yield self._current()
                return
            with self._writer.hold("write"):
                yield self._current()

    def upsert(self, entries: Sequence[Entry]) -> None:
        entries = check_entries(entries, self.meta.blocks)
        if not entries:
            return
        with self._writing("writing products") as generation:
            table = generation.latest()
            _commit(
                table,
                [e.product.id for e in entries],
                rows.entry_rows(entries, _stamp(table), table.schema),
            )

    def delete(self, ids: Iterable[str]) -> int:
        wanted = _clean_ids(ids)
        with self._writing("deleting products") as generation:
            there: list[str] = []
            for some in _batches(wanted):
                found = generation.select(["product_id"], f"shot = 0 AND {rows.sql_ids(some)}")
                there += found.column("product_id").to_pylist()
            if there:
                table = generation.latest()
                _commit(table, there, rows.gone_rows(there, _stamp(table), table.schema))
        return len(there)

    # --- reading ---

    @contextmanager
    def _reading(self, doing: str) -> Iterator[View]:
        with files.typed_errors(self.root, doing):
            yield self._current().view()

    def get(self, ids: Sequence[str]) -> list[Product | None]:
        with self._reading("reading products") as view:
            return [view.get(_clean_id(i)) for i in ids]

    def known(self, ids: Sequence[str]) -> dict[str, Known]:
        # From the table and not from the view: who only writes needs no copy of the catalog in memory.
        found: dict[str, Known] = {}
        with files.typed_errors(self.root, "reading products"):
            for some in _batches(_clean_ids(ids)):
                columns = ["product_id", "row_hash", "product"]
                table = self._current().select(columns, f"shot = 0 AND {rows.sql_ids(some)}")
                for name, digest, text in zip(*(table.column(c).to_pylist() for c in columns), strict=True):
                    shots = rows.product_from_json(text).shots
                    found[name] = Known(digest, tuple(shot.sha256 for shot in shots))
        return found

    def entries(self, ids: Sequence[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        with files.typed_errors(self.root, "reading products"):
            for some in _batches(_clean_ids(ids)):
                columns = ["product_id", "shot", "vector", "thumbnail", "product"]
                table = self._current().select(columns, f"shot >= 0 AND {rows.sql_ids(some)}")
                table = table.sort_by([("product_id", "ascending"), ("shot", "ascending")])
                vectors = matrix(table.column("vector"), self.meta.dim)
                thumbnails = [value or b"" for value in table.column("thumbnail").to_pylist()]
                texts = table.column("product").to_pylist()
                starts = [i for i, shot in enumerate(table.column("shot").to_pylist()) if shot == 0]
                for start, end in zip(starts, [*starts, len(texts)][1:], strict=True):
                    product = rows.product_from_json(texts[start])
                    found[product.id] = Entry(product, vectors[start:end], tuple(thumbnails[start:end]))
        return found

    def vectors(self, product_id: str) -> NDArray[np.float32]:
        with self._reading("reading a product") as view:
            found = view.vectors(_clean_id(product_id))
        if found is None:
            raise ProductMissing(f"no product {product_id!r}", where=self.url)
        return found

    def thumbnail(self, product_id: str, shot: int = 0) -> bytes | None:
        condition = f"shot = {int(shot)} AND {rows.sql_ids([_clean_id(product_id)])}"
        with files.typed_errors(self.root, "reading a thumbnail"):
            table = self._current().select(["thumbnail"], condition)
        if shot < 0 or not len(table):
            raise ProductMissing(f"no product {product_id!r} with a shot {shot}", where=self.url)
        value: bytes | None = table.column("thumbnail")[0].as_py()
        return value

    def ids(self) -> Iterable[str]:
        with files.typed_errors(self.root, "listing the products"):
            found: list[str] = self._current().select(["product_id"], "shot = 0").column("product_id").to_pylist()
        return sorted(found)

    def count(self, where: Filter | None = None) -> int:
        with self._reading("counting") as view:
            return view.count(where)

    def fields(self) -> dict[str, FieldType]:
        with self._reading("reading the fields") as view:
            return view.fields()

    def values(self, name: str, limit: int = 100) -> list[tuple[str, int]]:
        with self._reading(f"reading the values of {name}") as view:
            return view.values(fold(name), limit)

    def bounds(self, name: str) -> tuple[float, float] | None:
        with self._reading(f"reading the values of {name}") as view:
            return view.bounds(fold(name))

    def search(self, query: Vector, k: int, where: Filter | None = None, *, exact: bool = False) -> list[Hit]:
        if k < 1:
            raise UsageError(f"k is {k}", hint="Ask for at least one result")
        vector = check_query(query, self.meta.dim)
        with self._reading("searching") as view:
            return view.search(vector, k, where, exact)

    # --- care ---

    def info(self) -> StoreInfo:
        from streetshop.catalog.lance.care import describe

        return describe(self.root, self._current())

    def optimize(self, progress: Progress | None = None) -> None:
        from streetshop.catalog.lance.care import optimize

        optimize(self.root, self._current(), progress)

    def verify(self, progress: Progress | None = None) -> list[Finding]:
        from streetshop.catalog.lance.check import verify

        return verify(self.root, self._current(), progress)

    def snapshot(self, target: Path, progress: Progress | None = None) -> None:
        from streetshop.catalog.lance.copy import snapshot

        self._current()
        snapshot(self.root, target, self._writer, progress)

    # --- rebuilding ---

    def begin_rebuild(self, meta: CatalogMeta) -> Store:
        with files.typed_errors(self.root, "beginning a rebuild"):
            if self._rebuild is not None:
                raise CatalogError(
                    "a rebuild is under way already",
                    where=self.url,
                    hint="Commit it or close the store",
                )
            self._writer.acquire("rebuild")
            try:
                self._current()
                self._rebuild = self._next_generation(meta)
            except BaseException:
                self._writer.release()
                raise
        return self._rebuild

    def _next_generation(self, meta: CatalogMeta) -> LanceStore:
        meta = replace(meta, generation=self.meta.generation + 1)
        folder = files.generation_folder(self.root, meta.generation)
        begun = folder / files.META_FILE
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            if files.parse_meta(begun.read_bytes()) == meta:
                return self._beside(meta)
        shutil.rmtree(folder, ignore_errors=True)
        _create_table(self.root, meta)
        files.write_meta(folder, meta)
        return self._beside(meta)

    def _beside(self, meta: CatalogMeta) -> LanceStore:
        store = LanceStore(self.root, meta, self._writer)
        store._follows = False
        return store

    def commit_rebuild(self) -> None:
        if self._rebuild is None:
            raise CatalogError("no rebuild was begun", where=self.url)
        with files.typed_errors(self.root, "committing a rebuild"):
            files.write_meta(self.root, self._rebuild.meta)
            self._rebuild = None
            self._writer.release()
            self._current()
            files.remove_old_generations(self.root, self.meta.generation)


def _create_table(root: Path, meta: CatalogMeta) -> None:
    import lancedb

    folder = files.generation_folder(root, meta.generation)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lancedb.connect(folder).create_table(TABLE, schema=rows.table_schema(meta.dim))


def _check_vacant(root: Path) -> None:
    """A new catalog goes where nothing is, or where creating one was cut short."""
    if not root.is_dir():
        raise CatalogExists("there is a file where the catalog should go", where=str(root))
    names = {child.name for child in root.iterdir()}
    if files.META_FILE in names:
        raise CatalogExists(
            "there is a catalog already",
            where=str(root),
            hint="Open it, or give another folder",
        )
    if any(name != "locks" and not files.GENERATION.fullmatch(name) for name in names if not name.startswith(".")):
        raise CatalogExists(
            "the folder holds other things",
            where=str(root),
            hint="Give a new or empty folder",
        )


def _stamp(table: Any) -> int:
    """Greater than that of every earlier write: each of them made a version."""
    return int(table.version) + 1


def _commit(table: Any, ids: Sequence[str], new: pa.Table) -> None:
    """Replace all rows of some products, in one commit; once more when ``optimize`` committed in between."""
    for attempt in range(_ATTEMPTS):
        try:
            (
                table.merge_insert(["product_id", "shot"])
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(rows.sql_ids(ids))
                .execute(new)
            )
            return
        except (RuntimeError, OSError, ValueError) as error:
            if "conflict" not in str(error).lower() or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt)
            table.checkout_latest()


def _clean_id(value: str) -> str:
    """An id as it is stored; what cannot be an id is the id of no product."""
    try:
        return check_product_id(value)
    except RecordError:
        return ""


def _clean_ids(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(clean for i in ids if (clean := _clean_id(i))))


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]
