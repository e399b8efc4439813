"""One generation of a LanceDB catalog, open for reading."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streetshop.catalog.lance import rows, table
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.layout import folder_bytes, generation_folder
from streetshop.catalog.lance.locks import share_generation
from streetshop.catalog.lance.sealed import Sealed, open_sealed, read_sealed
from streetshop.catalog.lance.view import View, empty_view, sealed_view
from streetshop.catalog.store import CatalogMeta, StoreInfo
from streetshop.core.errors import CatalogDamaged

if TYPE_CHECKING:
    import pyarrow as pa

_RACY: Final = 0.1
"""Seconds within which two commits may leave the same time stamp on the folder of versions."""
_ATTEMPTS: Final = 5
_NEWEST: Final = 2**64 - 1
"""LanceDB names the file of version v by 2^64 - 1 - v, so that the newest is listed first."""


class Generation:
    """A generation that stays open, even after a rebuild swapped in the next one.

    LanceDB is imported and the table opened on first use: a search in a catalog without writes since ``optimize`` needs
    neither.
    """

    def __init__(self, root: Path, meta: CatalogMeta) -> None:
        self.root = root
        self.meta = meta
        self.folder = generation_folder(root, meta.generation)
        self._versions = self.folder / f"{table.NAME}.lance" / "_versions"
        handle = share_generation(root, meta.generation)
        if handle is not None:
            weakref.finalize(self, os.close, handle)
        self._table: Any = None
        self._lock = threading.RLock()
        self._view: View | None = None
        self._sealed: Sealed | None = None
        self._seen = (-1, 0)
        self._looked = 0.0
        with typed_errors(root, "opening the catalog"):
            self._newest()

    @property
    def table(self) -> Any:
        """The LanceDB table, at the version of the last ``latest``."""
        with self._lock:
            if self._table is None:
                opened = table.open_table(self.folder)
                if opened.schema.field("vector").type.list_size != self.meta.dim:
                    raise CatalogDamaged("the vectors have another length than catalog.json says", where=str(self.root))
                self._table = opened
            return self._table

    def latest(self) -> Any:
        """The table at its newest version."""
        self.table.checkout_latest()
        return self.table

    def select(self, columns: Sequence[str], where: str) -> pa.Table:
        """The columns of all rows that satisfy ``where``, at the newest version."""
        return table.read_rows(self.latest(), columns, where)

    def view(self) -> View:
        """The view at the newest version."""
        version = self._newest()
        view = self._view
        if view is not None and view.version >= version:
            return view
        with self._lock:
            if self._view is None or self._view.version < version:
                self._view = self._renewed(self._view)
            return self._view

    def info(self) -> StoreInfo:
        """Statistics."""
        view, sealed = self.view(), read_sealed(self.folder)
        return StoreInfo(
            products=view.count(None),
            shots=view.shots,
            bytes=folder_bytes(self.folder),
            indexed=int(view.alive[0][view.segments[0].owner].sum()),
            recall=sealed.recall if sealed else None,
            extra={"store": "lancedb", "generation": self.meta.generation, "version": view.version},
        )

    def _newest(self) -> int:
        """The newest version, without LanceDB: one ``stat`` if nothing was written since the last call."""
        stamp = self._versions.stat().st_mtime_ns
        version, seen = self._seen
        if stamp == seen and stamp / 1e9 + _RACY < self._looked:
            return version
        looked = time.time()
        names = [path.stem for path in self._versions.iterdir() if path.suffix == ".manifest"]
        numbers = [int(name) for name in names if name.isdigit()]
        if not numbers:
            raise CatalogDamaged("the table has no version", where=str(self.root), hint="Restore a snapshot")
        self._seen, self._looked = (_NEWEST - min(numbers), stamp), looked
        return self._seen[0]

    def _renewed(self, view: View | None) -> View:
        for _ in range(_ATTEMPTS):
            sealed = read_sealed(self.folder)
            if view is None or sealed != self._sealed:
                view, self._sealed = self._opened(sealed), sealed
            if view.version == self._newest():
                return view
            latest = self.latest()
            version = int(latest.version)
            written = table.read_rows(latest, rows.SEARCHED, f"stamp > {view.stamp}")
            if read_sealed(self.folder) != sealed:
                continue  # optimize ended meanwhile, and may have removed tombstones
            for candidate in (view, empty_view(self.meta.dim)):
                if candidate is not view:  # the sealed segment does not fit: read everything from the table
                    written = table.read_rows(latest, rows.SEARCHED)
                renewed = candidate.with_rows(written, version)
                if renewed.shots == latest.count_rows("shot >= 0"):
                    return renewed
        raise CatalogDamaged("the rows do not fit together", where=str(self.root), hint="Restore a snapshot")

    def _opened(self, sealed: Sealed | None) -> View:
        segment = open_sealed(self.folder, sealed, self.meta.dim) if sealed else None
        if sealed is None or segment is None:
            return empty_view(self.meta.dim)
        return sealed_view(self.meta.dim, segment, sealed.stamp, sealed.version)
