"""Snapshots of a LanceDB catalog: a folder with its files and ``snapshot.json``, their sizes and SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final

from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.layout import FORMAT, META_FILE, READ_FORMATS, generation_folder, read_meta
from streetshop.catalog.lance.locks import kept, optimize_lock, share_generation
from streetshop.catalog.lance.record import RECORD, REPAIR, read_record
from streetshop.catalog.lance.sealed import read_sealed
from streetshop.catalog.lance.table import table_folder
from streetshop.catalog.store import Progress
from streetshop.core.errors import CatalogDamaged, CatalogExists, CatalogMissing
from streetshop.core.files import Lock, atomic_folder, write_json

LISTING: Final = "snapshot.json"
_CHUNK: Final = 1 << 20


def snapshot(root: Path, target: Path, writer: Lock, progress: Progress | None = None) -> None:
    """Copy the present state of the catalog. LanceDB never changes a file, so writers wait for the listing only."""
    with typed_errors(target, "writing the snapshot"):
        _check_free(target)
    with typed_errors(root, "reading the catalog for a snapshot"), kept(optimize_lock(root), "snapshot"):
        with kept(writer, "snapshot"):
            generation = read_meta(root).generation
            handle = share_generation(root, generation)
            names, replaced = _file_names(root, generation), _replaced_files(root, generation)
        with typed_errors(target, "writing the snapshot"):
            try:
                _write(root, target, names, replaced, progress)
            finally:
                if handle is not None:
                    os.close(handle)


def _file_names(root: Path, generation: int) -> list[str]:
    found = (path for path in generation_folder(root, generation).rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in found)


def _checksums(root: Path, generation: int) -> dict[str, tuple[int, str]]:
    """(bytes, SHA-256) of the files of the catalog that have a checksum; LanceDB never changes a file."""
    folder = generation_folder(root, generation)
    table = table_folder(folder).relative_to(root).as_posix()
    files = {f"{table}/{name}": found for name, found in read_record(folder).files.items()}
    if sealed := read_sealed(folder):
        files |= {f"{folder.name}/{sealed.folder}/{name}": found for name, found in sealed.files.items()}
    return {name: (found.size, found.sha256) for name, found in files.items()}


def _replaced_files(root: Path, generation: int) -> dict[str, bytes]:
    """The content of the files that writers replace while the others are copied."""
    folder = generation_folder(root, generation).name
    return {name: (root / name).read_bytes() for name in (META_FILE, f"{folder}/{RECORD}") if (root / name).exists()}


def _write(root: Path, target: Path, names: list[str], replaced: dict[str, bytes], progress: Progress | None) -> None:
    with atomic_folder(target) as partial:
        listed: dict[str, Any] = {}
        sums = _checksums(root, read_meta(root).generation)
        for done, name in enumerate(names):
            if progress is not None:
                progress("copying", done, len(names))
            if name not in replaced:
                listed[name] = _copy(root / name, partial / name)
                if name in sums and sums[name] != tuple(listed[name]):
                    raise CatalogDamaged(f"{name} was changed", where=str(root), hint=REPAIR)
        for name, content in replaced.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content)
            listed[name] = [len(content), hashlib.sha256(content).hexdigest()]
        write_json(partial / LISTING, {"format": FORMAT, "files": listed, "sha256": listing_digest(listed)})
    if progress is not None:
        progress("copying", len(names), len(names))


def restore(source: Path, root: Path, progress: Progress | None = None) -> None:
    """Restore a snapshot as a catalog at ``root``; every file is checked while it is copied.

    Raises:
        CatalogMissing: there is no snapshot at ``source``.
        CatalogDamaged: a file is missing, changed or additional.
        CatalogExists: there is something at ``root``.
    """
    listed = _read_listing(source)
    with typed_errors(root, "restoring the snapshot"):
        _check_free(root)
        with atomic_folder(root) as partial:
            for done, (name, (size, digest)) in enumerate(listed.items()):
                if progress is not None:
                    progress("restoring", done, len(listed))
                _check_file(source, name, size)
                if _copy(source / name, partial / name) != [size, digest]:
                    raise _damaged(source, f"{name} was changed")
            read_meta(partial)


def _read_listing(source: Path) -> dict[str, tuple[int, str]]:
    try:
        content = json.loads((source / LISTING).read_bytes())
        listed = content["files"]
        if content["format"] not in READ_FORMATS or content["sha256"] != listing_digest(listed):
            raise ValueError("its own checksum is wrong")
        found = {str(name): (int(size), str(digest)) for name, (size, digest) in listed.items()}
    except (FileNotFoundError, NotADirectoryError):
        raise CatalogMissing("there is no snapshot here", where=str(source)) from None
    except OSError as error:
        raise _damaged(source, f"{LISTING} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(source, f"{LISTING} is not readable ({error})") from error
    for name in found:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise _damaged(source, f"{LISTING} names a file outside")
    present = {path.relative_to(source).as_posix() for path in source.rglob("*") if not path.is_dir()}
    for name in sorted(present ^ {*found, LISTING}):
        raise _damaged(source, f"{name} is {'missing' if name in found else 'not listed'}")
    return found


def _check_file(source: Path, name: str, size: int) -> None:
    path = source / name
    if path.is_symlink() or not path.is_file():
        raise _damaged(source, f"{name} is not a plain file")
    if path.stat().st_size != size:
        raise _damaged(source, f"{name} has {path.stat().st_size} bytes, not {size}")


def _damaged(source: Path, what: str) -> CatalogDamaged:
    return CatalogDamaged(
        f"the snapshot is damaged: {what}",
        where=str(source),
        hint="Use another snapshot",
    )


def listing_digest(listed: dict[str, Any]) -> str:
    """SHA-256 of the list of files in ``snapshot.json``."""
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def _copy(source: Path, target: Path) -> list[Any]:
    """Copy a file; returns [bytes, SHA-256] of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            writing.write(chunk)
    return [size, digest.hexdigest()]


def _check_free(target: Path) -> None:
    with suppress(NotADirectoryError):
        if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
            raise CatalogExists(
                "something is there already",
                where=str(target),
                hint="Give a new folder",
            )
