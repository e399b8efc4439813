"""Repair a damaged LanceDB catalog.

The table is the truth: a damaged search index is built again from it. If a file of the table is damaged, the products
that are whole are copied to the next generation, which is then swapped in, as a rebuild is. A row of a damaged file is
kept if it agrees with its own digest. Rows whose list of deleted rows is damaged are not kept: a deleted product would
return.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streetshop.catalog.lance import layout, rows, table
from streetshop.catalog.lance.checksums import difference
from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.locks import optimize_lock, writer_lock
from streetshop.catalog.lance.manifest import Fragment, Manifest, manifest_name, newest_version, read_manifest
from streetshop.catalog.lance.optimize import optimize
from streetshop.catalog.lance.record import RECORD, Record, check_manifest, read_record, write_record
from streetshop.catalog.lance.sealed import open_sealed, pointer_problem, read_sealed, sealed_problem
from streetshop.catalog.store import CatalogMeta, Progress, Repair
from streetshop.core.errors import CatalogDamaged

if TYPE_CHECKING:
    import pyarrow as pa

ROWS: Final = 1024
"""Rows that are read at once."""
FEWER: Final = 16
"""Rows that are read at once where more cannot be read."""
PRODUCTS: Final = 500
"""Products that are written at once."""


def repair(root: Path, progress: Progress | None = None) -> Repair:
    """Repair the catalog at ``root``; see ``repair_catalog``."""
    report: Progress = progress or (lambda what, done, of: None)
    done: list[str] = []
    lost: list[str] = []
    complete = True
    with typed_errors(root, "repairing the catalog"):
        meta = layout.read_meta(root)
        folder = layout.generation_folder(root, meta.generation)
        with writer_lock(root).hold("repair"), optimize_lock(root).hold("repair"):
            record, problem = _record(root, folder)
            if problem:
                done.append(f"{problem}: checksums were made again")
            damage = _table_problem(folder, record)
            if damage:
                salvage = Salvage(root, meta, record, report)
                meta, lost = salvage.save()
                done.append(f"the table was damaged ({damage}): {salvage.kept} products were copied to a new one")
                if salvage.later:
                    done.append(f"writes after version {salvage.version} are lost")
                complete = not (lost or salvage.later)
            elif problem:
                write_record(root, folder, anew=True)
        sealed_damage = _sealed_problem(layout.generation_folder(root, meta.generation))
        if sealed_damage:
            done.append(f"the search index was damaged ({sealed_damage}): it was built again")
        if sealed_damage or damage:
            optimize(Generation(root, meta), progress)
    return Repair(tuple(done), tuple(lost), complete)


def _record(root: Path, folder: Path) -> tuple[Record, str]:
    """The record of the table, an empty one if it is damaged; and what is wrong with it."""
    try:
        found = read_record(folder)
    except CatalogDamaged as error:
        return Record(), error.what
    return found, f"{RECORD} was missing" if not found.version and layout.holds_checksum(root) else ""


def _sealed_problem(folder: Path) -> str:
    sealed = read_sealed(folder)
    return pointer_problem(folder) if sealed is None else sealed_problem(folder, sealed, whole=True)


def _table_problem(folder: Path, record: Record) -> str:
    """What is wrong with the table; empty if nothing is."""
    path = table.table_folder(folder)
    version = newest_version(path)
    if version < record.version:
        return f"version {record.version} is missing"
    try:
        check_manifest(folder, record, version)
        for part in read_manifest(path, version).fragments:
            if problem := _fragment_problem(path, record, part):
                return problem
        opened = table.open_table(folder)
        for _ in opened.search().to_batches(batch_size=ROWS):
            pass
    except BaseException as error:
        if not _is_damage(error):
            raise
        return error.what if isinstance(error, CatalogDamaged) else f"it cannot be read: {str(error)[:100]}"
    return ""


def _fragment_problem(path: Path, record: Record, part: Fragment) -> str:
    for name in (*part.data, part.deletions):
        if name in record.files and (problem := difference(path / name, record.files[name], whole=True)):
            return f"{name} {problem}"
    return ""


def _is_damage(error: BaseException) -> bool:
    """Whether an error is one that reading a corrupt file raises; LanceDB's Rust code panics at some."""
    kinds = (OSError, ValueError, RuntimeError, LookupError, CatalogDamaged)
    return isinstance(error, kinds) or type(error).__name__ == "PanicException"


class Salvage:
    """Copies the products that are whole to the next generation.

    Args:
        root: the catalog.
        meta: of the damaged generation.
        record: of its table.
        report: progress.

    Attributes:
        version: of the table, the newest that can be read.
        later: whether there were later ones.
        kept: number of products that were copied.
    """

    def __init__(self, root: Path, meta: CatalogMeta, record: Record, report: Progress) -> None:
        self.kept = 0
        self._root, self._meta, self._record, self._report = root, meta, record, report
        self._folder = layout.generation_folder(root, meta.generation)
        self._path = table.table_folder(self._folder)
        newest = max(newest_version(self._path), record.version)
        self.version, self._table, self._manifest = self._opened()
        self.later = self.version < newest
        self._places: dict[str, dict[int, tuple[int, int]]] = {}
        """By product and shot: stamp and row id."""
        self._shots: dict[str, int] = {}
        self._seen: set[str] = set()

    def save(self) -> tuple[CatalogMeta, list[str]]:
        """Copy, and swap the new generation in. Returns its metadata, and the ids of lost products, sorted."""
        for done, part in enumerate(self._manifest.fragments):
            self._report("reading what is left", done, len(self._manifest.fragments))
            for found in self._rows(part):
                self._note(found, bool(_fragment_problem(self._path, self._record, part)))
        whole = sorted(name for name in self._places if self._is_whole(name))
        gone = {name for name, shots in self._places.items() if rows.TOMBSTONE in shots} - set(whole)
        lost = sorted((self._seen | self._indexed()) - set(whole) - gone)
        if lost and not whole:
            raise CatalogDamaged(
                "nothing of the table could be saved",
                where=str(self._root),
                hint="Restore a snapshot, or index the feed into a new folder",
            )
        meta = replace(self._meta, generation=self._meta.generation + 1)
        self._copy(whole, meta)
        layout.write_meta(self._root, meta)
        return meta, lost

    def _opened(self) -> tuple[int, Any, Manifest]:
        """The table at its newest version that can be read; later manifests are put aside."""
        while version := newest_version(self._path):
            try:
                check_manifest(self._folder, self._record, version)
                manifest = read_manifest(self._path, version)
                opened = table.open_table(self._folder)
                if int(opened.version) == version:
                    return version, opened, manifest
            except BaseException as error:
                if not _is_damage(error):
                    raise
            file = self._path / manifest_name(version)
            file.rename(file.with_suffix(".damaged"))
            (self._path / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)
        raise CatalogDamaged("the table has no version", where=str(self._root), hint="Restore a snapshot")

    def _rows(self, part: Fragment) -> Iterator[pa.Table]:
        deletions = self._record.files.get(part.deletions)
        if deletions and difference(self._path / part.deletions, deletions, whole=True):
            return
        for start in range(0, part.rows, ROWS):
            ids = [part.number * 2**32 + at for at in range(start, min(start + ROWS, part.rows))]
            yield from self._take(ids)

    def _take(self, ids: list[int]) -> Iterator[pa.Table]:
        """The rows with these ids, without those that cannot be read."""
        try:
            yield self._table.take_row_ids(ids).with_row_id().to_arrow()
        except BaseException as error:
            if not _is_damage(error):
                raise
            for start in range(0, len(ids), FEWER) if len(ids) > FEWER else ():
                yield from self._take(ids[start : start + FEWER])

    def _note(self, found: pa.Table, damaged: bool) -> None:
        names = ("product_id", "shot", "stamp", "_rowid", "product")
        cells = zip(*(found.column(name).to_pylist() for name in names), strict=True)
        same = rows.sound_rows(found, self._meta.dim)
        for (name, shot, stamp, row, text), sound in zip(cells, same, strict=True):
            if shot != rows.TOMBSTONE:
                self._seen.add(name)
            if sound or (sound is None and not damaged):
                shots = self._places.setdefault(name, {})
                if shots and stamp > max(shots.values())[0]:
                    shots.clear()
                    self._shots.pop(name, None)
                if not shots or stamp == max(shots.values())[0]:
                    shots[shot] = (stamp, row)
                    if shot == 0:
                        self._shots[name] = len(rows.product_from_json(text).shots)

    def _is_whole(self, name: str) -> bool:
        shots = self._places[name]
        return sorted(shots) == list(range(self._shots.get(name, -1)))

    def _indexed(self) -> set[str]:
        """Ids of the products in the search index, if it is sound."""
        sealed = read_sealed(self._folder)
        if sealed is None or sealed_problem(self._folder, sealed, whole=True):
            return set()
        segment = open_sealed(self._folder, sealed, self._meta.dim)
        return set() if isinstance(segment, str) else set(segment.products.column("id").to_pylist())

    def _copy(self, names: Sequence[str], meta: CatalogMeta) -> None:
        folder = layout.generation_folder(self._root, meta.generation)
        table.create_table(folder, meta.dim)
        new = table.open_table(folder)
        for start in range(0, len(names), PRODUCTS):
            self._report("copying products", start, len(names))
            ids = [row for name in names[start : start + PRODUCTS] for _, row in self._places[name].values()]
            entries = list(rows.entries_of(self._table.take_row_ids(ids).to_arrow(), meta.dim))
            new.add(rows.entry_rows(entries, table.next_stamp(new), new.schema))
            self.kept += len(entries)
        write_record(self._root, folder)
        layout.write_meta(folder, meta)
