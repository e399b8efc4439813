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
from streetshop.catalog.lance.checksums import file_stamp
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.layout import folder_bytes, generation_folder, holds_checksum
from streetshop.catalog.lance.locks import share_generation
from streetshop.catalog.lance.manifest import newest_version
from streetshop.catalog.lance.record import (
    RECORD,
    REPAIR,
    Record,
    check_table,
    check_version,
    read_record,
    write_record,
)
from streetshop.catalog.lance.sealed import POINTER, Sealed, open_sealed, pointer_problem, read_sealed
from streetshop.catalog.lance.segment import Segment
from streetshop.catalog.lance.view import View, empty_view, sealed_view
from streetshop.catalog.store import CatalogMeta, StoreInfo
from streetshop.core.errors import CatalogDamaged

if TYPE_CHECKING:
    import pyarrow as pa

_RACY: Final = 0.1
"""Seconds within which two commits may leave the same time stamp on the folder of versions."""
_ATTEMPTS: Final = 5


class Generation:
    """A generation that stays open, even after a rebuild swapped in the next one.

    LanceDB is imported and the table opened on first use: a search in a catalog without writes since ``optimize`` needs
    neither.
    """

    def __init__(self, root: Path, meta: CatalogMeta) -> None:
        self.root = root
        self.meta = meta
        self.folder = generation_folder(root, meta.generation)
        self._versions = table.table_folder(self.folder) / "_versions"
        handle = share_generation(root, meta.generation)
        if handle is not None:
            weakref.finalize(self, os.close, handle)
        self._table: Any = None
        self._lock = threading.RLock()
        self._view: View | None = None
        self._sealed: Sealed | None = None
        self._pointer: object = None
        self._distrusted: tuple[object, str] = (None, "")
        self._warning = ""
        self._seen = (-1, 0)
        self._looked = 0.0
        self._record = Record()
        self._record_stamp: tuple[int, int, int] | None = None
        self._checked: set[str] = set()
        self._checked_at: object = None
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
        """The table at its newest version, whose files agree with their checksums."""
        with self._lock:
            self._check(self._newest())  # before LanceDB reads them: damage can make it panic
            self.table.checkout_latest()
            self._check(int(self.table.version))
            return self.table

    def _check(self, version: int) -> None:
        last = self.recorded()
        at = (version, self._record_stamp)
        if at != self._checked_at:
            check_table(self.folder, last, version, self._checked)
            self._checked_at = at

    def recorded(self) -> Record:
        """The record of the table; an empty one if it is damaged, see ``warnings``."""
        with self._lock:
            stamp = file_stamp(self.folder / RECORD)
            if stamp != self._record_stamp:
                try:
                    self._record = read_record(self.folder)
                except CatalogDamaged:
                    self._record = Record()
                self._record_stamp = stamp
            return self._record

    def record(self) -> None:
        """Record the newest version of the table; call it after each commit."""
        write_record(self.root, self.folder)

    def check_record(self) -> None:
        """Raise CatalogDamaged if writes could not be recorded: the record is damaged, or was lost."""
        if not read_record(self.folder).version and holds_checksum(self.root):
            raise CatalogDamaged(f"{RECORD} is missing", where=str(self.folder), hint=REPAIR)

    def warnings(self) -> list[str]:
        """What is damaged, although searches are answered."""
        if self._warning and file_stamp(self.folder / POINTER) != self._pointer:  # the segment was built again
            with self._lock:
                self._view = None
            self.view()
        found = [self._warning] if self._warning else []
        try:
            self.check_record()
        except (CatalogDamaged, ValueError) as error:
            what = error.what if isinstance(error, CatalogDamaged) else str(error)
            found.append(f"{what}; damage of the table would not be noticed, and nothing can be written")
        return found

    def distrust(self, sealed: Sealed, problem: str) -> None:
        """Read the table from here on, in place of a segment that was found to be damaged."""
        with self._lock:
            if sealed == self._sealed:
                self._distrusted, self._view = (self._pointer, problem), None

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
        view, sealed = self.view(), self._sealed
        return StoreInfo(
            products=view.count(None),
            shots=view.shots,
            bytes=folder_bytes(self.folder),
            indexed=int(view.alive[0][view.segments[0].owner].sum()),
            recall=sealed.recall if sealed and not self._warning else None,
            extra={
                "store": "lancedb",
                "generation": self.meta.generation,
                "version": view.version,
                "damage": "; ".join(self.warnings()) or None,
            },
        )

    def _newest(self) -> int:
        """The newest version, without LanceDB: one ``stat`` if nothing was written since the last call."""
        stamp = self._versions.stat().st_mtime_ns
        version, seen = self._seen
        if stamp == seen and stamp / 1e9 + _RACY < self._looked:
            return version
        looked, last = time.time(), self.recorded()
        version = newest_version(self._versions.parent)
        if not version:
            raise CatalogDamaged("the table has no version", where=str(self.root), hint="Restore a snapshot")
        check_version(self.folder, last, version)
        self._seen, self._looked = (version, stamp), looked
        return version

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
        self._pointer = file_stamp(self.folder / POINTER)
        opened: Segment | str
        if sealed is None:
            opened = pointer_problem(self.folder)
        elif self._pointer == self._distrusted[0]:
            opened = self._distrusted[1]
        else:
            opened = open_sealed(self.folder, sealed, self.meta.dim)
        if sealed is None or isinstance(opened, str):
            problem = f"the search index is damaged ({opened}); the table is searched in its place"
            self._warning = problem if opened else ""
            return empty_view(self.meta.dim)
        self._warning = ""
        return sealed_view(self.meta.dim, opened, sealed.stamp, sealed.version)
