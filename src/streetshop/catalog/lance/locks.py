"""The locks of a LanceDB catalog, files in its folder ``locks``.

writer      held while something is written
optimize    held while files are removed (optimize) or must not be (snapshot, verify)
checksums   held for moments, to record what was written
g0001       held shared by every process that has the generation open
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streetshop.catalog.lance.layout import generations
from streetshop.core.errors import CatalogLocked
from streetshop.core.files import Lock, share_lock

TIMEOUT: Final = 5.0
"""Seconds that a process waits for another one."""
_RECORD_TIMEOUT: Final = 120.0
"""The same for the lock on the record; the first record of a large catalog reads all of it."""

_NOT_WRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC)


def writer_lock(root: Path, timeout: float = TIMEOUT) -> Lock:
    """The lock to write to the catalog."""
    return _lock(root, "writer", timeout)


def optimize_lock(root: Path) -> Lock:
    """The lock to remove files of the catalog, or to keep others from it."""
    return _lock(root, "optimize", TIMEOUT)


def record_lock(root: Path) -> Lock:
    """The lock to record what was written."""
    return _lock(root, "checksums", _RECORD_TIMEOUT)


@contextmanager
def kept(lock: Lock, purpose: str) -> Iterator[None]:
    """Hold a lock while the body reads; without the lock where nobody can write, on a read-only file system."""
    try:
        lock.acquire(purpose)
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
    try:
        yield
    finally:
        lock.release()


def writable(root: Path) -> bool:
    """Whether this process may write to the catalog."""
    return os.access(root / "locks", os.W_OK)


def share_generation(root: Path, generation: int) -> int | None:
    """Mark a generation as open in this process.

    Returns:
        A file descriptor; closing it ends the mark. None if the file system is not writable.
    """
    try:
        return share_lock(_path(root, _name(generation)))
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            return None
        raise


def remove_old_generations(root: Path, present: int) -> None:
    """Remove the generations before ``present`` that no process has open."""
    for number, folder in generations(root).items():
        if number < present:
            lock = _lock(root, _name(number), timeout=0)
            try:
                lock.acquire("optimize")
            except CatalogLocked:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _lock(root: Path, name: str, timeout: float) -> Lock:
    return Lock(_path(root, name), timeout=timeout, error=CatalogLocked)


def _path(root: Path, name: str) -> Path:
    return root / "locks" / name


def _name(generation: int) -> str:
    return f"g{generation:04d}"
