"""Files and folders written in one step, and locks between processes.

Everything that streetshop writes and reads back goes through :func:`atomic_file` or :func:`atomic_folder`: a reader, or
a run that starts after a crash, finds the old content or the new one, never a part of it.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streetshop.core.errors import FileLocked, FileNotWritten, StreetshopError

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK_TIMEOUT: Final = 5.0
"""Seconds that :meth:`Lock.acquire` waits by default."""
_POLL_INTERVAL: Final = 0.02
"""Seconds between two attempts to lock."""


# --- writing in one step ------------------------------------------------------------------------------------------


@contextmanager
def atomic_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Write a file in one step.

    The body writes to the path it is given, which lies in the same folder and ends in ``.part`` (open it where a writer
    judges by the suffix, as ``np.save`` does). When the body ends, the content is flushed to the disk and takes the
    name ``path``. When it raises, the partial file is removed and ``path`` stays as it was.

    Args:
        path: the file to write or replace; its folder must exist.
        durable: also flush the folder, so that the new name is on the disk when the body has ended.

    Raises:
        OSError: it cannot be written; ``filename`` is set.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        # A device or a pipe would be replaced by a file, for every program of the machine.
        raise FileExistsError(errno.EEXIST, "it is no regular file", str(path))
    partial = _partial_name(path)
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        if durable:
            sync(path.parent)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None and error.errno is not None:
            error.filename = str(path)  # a full disk is reported by write(), which does not know the name
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert a failure of writing ``path`` in the body to one error for users.

    Raises:
        FileNotWritten: the body raised an OSError that names no other file.
    """
    try:
        yield
    except OSError as error:
        named = path if error.filename is None else Path(os.fsdecode(error.filename))
        if named != path and path.parent not in (named, named.parent):
            raise
        raise FileNotWritten(
            f"cannot be written ({error.strerror or error})",
            where=str(path),
            hint="Check the path, its permissions and the space on the disk",
        ) from error


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A file that a user asked for, written in one step; see :func:`atomic_file`. Folders are made as needed.

    Raises:
        FileNotWritten: it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as partial:
            yield partial


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Make a folder in one step.

    The body fills the folder it is given. When the body ends, all content is flushed to the disk and the folder is
    renamed to ``path``; when it raises, the folder is removed. Folders above are made as needed. What a process that
    was killed left of an earlier attempt is removed first.

    Args:
        path: must be absent or an empty folder.

    Raises:
        OSError: it cannot be written, or ``path`` is a file or a folder with content.
    """
    partial = _partial_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.with_name(glob.escape(path.name)))
    partial.mkdir()
    alive = None
    with suppress(OSError):  # not every file system has locks
        alive = _lock_folder(partial)
    try:
        yield partial
        for folder, _, names in os.walk(partial):
            for name in names:
                sync(Path(folder, name))
            sync(Path(folder))
        partial.replace(path)
        sync(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        if alive is not None:
            os.close(alive)


def remove_abandoned_files(path: Path) -> None:
    """Remove the partial files of ``path``. Only while no other process writes it: they hold no lock of their own."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.????????.part"):
        with suppress(OSError):
            partial.unlink()


def remove_abandoned(path: Path) -> None:
    """Remove the partial folders of ``path`` whose processes have ended without removing them.

    The name may have wildcards.
    """
    for partial in path.parent.glob(f".{path.name}.????????.part"):
        with suppress(OSError):
            handle = _lock_folder(partial)  # a process that fills it holds this lock
            try:
                shutil.rmtree(partial, ignore_errors=True)
            finally:
                os.close(handle)


def _lock_folder(folder: Path) -> int:
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def write_bytes(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write ``content`` in one step; see :func:`atomic_file`."""
    with atomic_file(path, durable=durable) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str, *, durable: bool = False) -> None:
    """Write ``content`` as UTF-8, line ends unchanged, in one step; see :func:`atomic_file`."""
    write_bytes(path, content.encode(), durable=durable)


def write_json(path: Path, value: Any, *, indent: int | None = 1, durable: bool = False) -> None:
    """Write ``value`` as JSON with a final line end, in one step; see :func:`atomic_file`."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n", durable=durable)


def sync(path: Path) -> None:
    """Flush the content of a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _partial_name(path: Path) -> Path:
    # Unique, since two processes or threads may write one file; without its suffix, so that no search finds it.
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


# --- locks --------------------------------------------------------------------------------------------------------


class Lock:
    """An exclusive lock between processes and between threads, on a file of its own.

    ``filelock`` on ``flock``: the operating system releases it when the process ends, however it ends, or when this
    object is dropped. The file stays. Not reentrant; any thread may release it.

    Args:
        path: the lock file; it and the folder it is in are made as needed.
        timeout: seconds to wait.
        error: what to raise when the lock is not free in time.
    """

    def __init__(self, path: Path, *, timeout: float = LOCK_TIMEOUT, error: type[StreetshopError] = FileLocked) -> None:
        self.path = path
        self.timeout = timeout
        self.error = error
        self._held: BaseFileLock | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._held is not None

    def acquire(self, purpose: str) -> None:
        """Wait for the lock and take it.

        Args:
            purpose: a verb for the error's hint, for example ``optimize``.

        Raises:
            FileLocked: (or ``error``) it is not free in time; the message names the process that holds it.
        """
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(exist_ok=True)
        # A lock per call: filelock's own is reentrant, and this one excludes threads that share it.
        lock = FileLock(self.path, thread_local=False, poll_interval=_POLL_INTERVAL, on_acquired=_write_process)
        try:
            lock.acquire(timeout=self.timeout)
        except Timeout:
            raise self.error(
                f"{self._holder()} holds the {self.path.name} lock",
                where=str(self.path),
                hint=f"Wait for it or stop it, then {purpose} again",
            ) from None
        self._held = lock

    def release(self) -> None:
        """Release the lock; without effect when it is not held."""
        held, self._held = self._held, None
        if held is not None:
            held.release()

    @contextmanager
    def hold(self, purpose: str) -> Iterator[None]:
        """Hold the lock while the body runs; see :meth:`acquire`."""
        self.acquire(purpose)
        try:
            yield
        finally:
            self.release()

    def _holder(self) -> str:
        try:
            return f"process {int(self.path.read_bytes())}"
        except (OSError, ValueError):
            return "another process"


def share_lock(path: Path) -> int:
    """Hold the lock file ``path`` shared: others may share it, and no :class:`Lock` gets it.

    This one is not from ``filelock``. Its ``ReadWriteLock`` needs SQLite and a writable file for readers too, and its
    ``SoftReadWriteLock`` stays taken for a lease after its process was killed; ``flock`` has neither limit.

    Returns:
        A file descriptor. Closing it, or the end of the process, releases the lock.

    Raises:
        OSError: the file can neither be opened nor made, for example on a read-only file system.
    """
    import fcntl

    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _write_process(handle: int) -> None:
    """Write this process's number into the lock file; a full disk does not stop the holder."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
