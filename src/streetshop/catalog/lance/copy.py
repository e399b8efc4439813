"""Snapshots of a LanceDB catalog: a folder with its files and ``snapshot.json``, their sizes and SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final

from streetshop.catalog.lance import files
from streetshop.catalog.store import Progress
from streetshop.core.errors import CatalogDamaged, CatalogExists, CatalogMissing

LISTING: Final = "snapshot.json"
_CHUNK: Final = 1 << 20


def snapshot(root: Path, target: Path, writer: files.FileLock, progress: Progress | None) -> None:
    """Copy the catalog as it is now. Files of LanceDB never change, so that writers wait only for the listing."""
    with files.typed_errors(target, "writing the snapshot"):
        _check_free(target)
        with files.FileLock(root / "locks" / "optimize").hold("snapshot"):
            with writer.hold("snapshot"):
                meta_text = (root / files.META_FILE).read_bytes()
                meta = files.read_meta(root)
                handle = files.share_generation(root, meta.generation)
                names = _listing(root, meta.generation)
            try:
                _write(root, target, names, meta_text, progress)
            finally:
                if handle is not None:
                    os.close(handle)


def _listing(root: Path, generation: int) -> list[str]:
    folder = files.generation_folder(root, generation)
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in found)


def _write(
    root: Path,
    target: Path,
    names: list[str],
    meta_text: bytes,
    progress: Progress | None,
) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.parent.mkdir(parents=True, exist_ok=True)
    beside.mkdir()
    try:
        listed: dict[str, Any] = {}
        for done, name in enumerate(names):
            if progress is not None:
                progress("copying", done, len(names))
            listed[name] = _copy(root / name, beside / name)
        (beside / files.META_FILE).write_bytes(meta_text)
        listed[files.META_FILE] = [
            len(meta_text),
            hashlib.sha256(meta_text).hexdigest(),
        ]
        content = {"format": files.FORMAT, "files": listed, "sha256": _digest(listed)}
        files.replace_file(beside / LISTING, json.dumps(content, indent=1).encode())
        beside.rename(target)
        files.sync_folder(target.resolve().parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    if progress is not None:
        progress("copying", len(names), len(names))


def restore(source: Path, root: Path, progress: Progress | None = None) -> None:
    """Make a catalog at ``root`` from a snapshot, every file checked on the way."""
    listed = _read_listing(source)
    with files.typed_errors(root, "restoring the snapshot"):
        _check_free(root)
        beside = root.with_name(f".{root.name}.{os.getpid()}")
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        try:
            for done, (name, (size, digest)) in enumerate(listed.items()):
                if progress is not None:
                    progress("restoring", done, len(listed))
                _check_file(source, name, size)
                if _copy(source / name, beside / name) != [size, digest]:
                    raise _damaged(source, f"{name} was changed")
            files.read_meta(beside)
            if root.is_dir():
                root.rmdir()
            beside.rename(root)
            files.sync_folder(root.resolve().parent)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise


def _read_listing(source: Path) -> dict[str, tuple[int, str]]:
    try:
        content = json.loads((source / LISTING).read_bytes())
        listed = content["files"]
        if content["format"] != files.FORMAT or content["sha256"] != _digest(listed):
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


def _digest(listed: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def _copy(source: Path, target: Path) -> list[Any]:
    """Copy a file and return [bytes, SHA-256] of what was written; on the disk when this returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return [size, digest.hexdigest()]


def _check_free(target: Path) -> None:
    with suppress(NotADirectoryError):
        if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
            raise CatalogExists(
                "something is there already",
                where=str(target),
                hint="Give a new folder",
            )
