"""The record of what is in a generation's table.

    g0001/checksums.json     the last recorded version of the table, and size and SHA-256 of each file that it needs

LanceDB never changes a file, but it keeps no checksums, and takes the newest manifest that it finds for the newest
version. So each commit is followed by a record of it: a changed or missing file is noticed, and so is a table that is
older than its record. A process that ends between the two leaves a record of an earlier version. That is no damage: the
next record adds what is missing. Catalogs of streetshop 0.1 have no record until the first write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streetshop.catalog.lance import layout
from streetshop.catalog.lance.checksums import (
    Checksum,
    checksum_of,
    difference,
    pack,
    parse_checked,
    unpack,
    write_checked,
)
from streetshop.catalog.lance.locks import record_lock
from streetshop.catalog.lance.manifest import manifest_name, newest_version, read_manifest
from streetshop.catalog.lance.table import table_folder
from streetshop.core.errors import CatalogDamaged
from streetshop.core.files import remove_abandoned, remove_abandoned_files, sync

RECORD: Final = "checksums.json"
REPAIR: Final = "Run `streetshop catalog verify --repair`"

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Record:
    """The content of ``checksums.json``.

    Attributes:
        version: of the table; the newest one that was recorded, 0 if none was.
        files: by name, relative to the folder of the table: all files of that version, and its manifest.
    """

    version: int = 0
    files: Mapping[str, Checksum] = field(default_factory=dict)


def read_record(folder: Path) -> Record:
    """Read ``checksums.json`` of a generation; an empty record if there is none.

    Raises:
        CatalogDamaged: the file is corrupt.
        OSError: it cannot be read.
    """
    try:
        text = (folder / RECORD).read_bytes()
    except FileNotFoundError:
        return Record()
    try:
        content, checked = parse_checked(text)
        if not checked or content["format"] != _FORMAT:
            raise ValueError("it is of another format")
        return Record(int(content["version"]), unpack(content["files"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogDamaged(f"{RECORD} is not readable ({error})", where=str(folder), hint=REPAIR) from error


def write_record(root: Path, folder: Path, *, anew: bool = False) -> None:
    """Record the newest version of the table of a generation; call it after each commit.

    Files that the last record does not have are flushed to the disk and hashed.

    Args:
        root: the catalog.
        folder: of the generation.
        anew: hash all files, whatever the last record says.

    Raises:
        CatalogDamaged: the last record is corrupt, or of a later version.
        OSError: a file cannot be read or written.
        ValueError: the manifest is corrupt.
    """
    table = table_folder(folder)
    with record_lock(root).hold("write"):
        last = Record() if anew else read_record(folder)
        version = newest_version(table)
        if version == last.version:
            return
        check_version(folder, last, version)
        names = [*read_manifest(table, version).files, manifest_name(version)]
        new = {name for name in names if name not in last.files}
        for path in {*(table / name for name in new), *((table / name).parent for name in new)}:
            sync(path)
        files = {name: checksum_of(table / name) if name in new else last.files[name] for name in names}
        content = {"format": _FORMAT, "version": version, "files": pack(files)}
        write_checked(folder / RECORD, content, indent=None)


def check_version(folder: Path, last: Record, version: int) -> None:
    """Raise CatalogDamaged if the table is of an earlier version than its record."""
    if version < last.version:
        raise CatalogDamaged(
            f"the table is at version {version}, but version {last.version} was written: later writes are lost",
            where=str(folder),
            hint="Restore a snapshot, or run `streetshop catalog verify --repair` and index the feed again",
        )


def check_table(folder: Path, last: Record, version: int, checked: set[str]) -> None:
    """Compare the files of a version of the table with their checksums, large ones by their edges.

    Args:
        folder: of the generation.
        last: its record, read before ``version`` was the newest.
        version: of the table.
        checked: names of files that need no further check; those that pass are added.

    Raises:
        CatalogDamaged: a file differs, or the table is older than its record.
    """
    check_version(folder, last, version)
    for name in needed_files(folder, last, version):
        if name not in checked:
            problem = difference(table_folder(folder) / name, last.files[name], whole=False)
            if problem:
                raise damaged_file(folder, name, problem)
            checked.add(name)


def needed_files(folder: Path, last: Record, version: int) -> list[str]:
    """Names of the files of a version whose checksums are recorded, its manifest first.

    Raises:
        CatalogDamaged: the manifest cannot be read.
    """
    table, own = table_folder(folder), manifest_name(version)
    check_manifest(folder, last, version)
    try:
        names = read_manifest(table, version).files
    except (OSError, ValueError) as error:
        raise damaged_file(folder, own, f"cannot be read ({error})") from error
    return [name for name in (own, *names) if name in last.files]


def check_manifest(folder: Path, last: Record, version: int) -> None:
    """Raise CatalogDamaged if the manifest of a version differs from its checksum."""
    own = manifest_name(version)
    if own in last.files and (problem := difference(table_folder(folder) / own, last.files[own], whole=True)):
        raise damaged_file(folder, own, problem)


def damaged_file(folder: Path, name: str, problem: str) -> CatalogDamaged:
    """The error for a damaged file of the table."""
    where, what = str(folder), f"{table_folder(folder).name}/{name} {problem}"
    return CatalogDamaged(what, where=where, hint=f"{REPAIR}, or restore a snapshot")


def remove_abandoned_parts(root: Path, generation: int) -> None:
    """Remove what killed processes left of files in this folder. Only under the writer's lock."""
    folder = layout.generation_folder(root, generation)
    for path in (root / layout.META_FILE, folder / layout.META_FILE, folder / RECORD):
        remove_abandoned_files(path)
    remove_abandoned(folder / "base-*")  # one that is being filled holds a lock of its own
