"""The locks of a LanceDB catalog, files in its folder ``locks``.

writer      held while something is written
optimize    held while files are removed (optimize) or must not be (snapshot, verify)
g0001       held shared by every process that has the generation open
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

from streetshop.catalog.lance.layout import generations
from streetshop.core.errors import CatalogLocked
from streetshop.core.files import Lock, share_lock

TIMEOUT: Final = 5.0
"""Seconds that a process waits for another one."""

_NOT_WRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC)


def writer_lock(root: Path, timeout: float = TIMEOUT) -> Lock:
    """The lock to write to the catalog."""
    return _lock(root, "writer", timeout)


def optimize_lock(root: Path) -> Lock:
    """The lock to remove files of the catalog, or to keep others from it."""
    return _lock(root, "optimize", TIMEOUT)


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
