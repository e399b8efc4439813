"""The folder of a LanceDB catalog: layout, ``catalog.json``, locks, and what its failures are called.

shop.catalog/
  catalog.json        format, encoder, blocks, the generation in use; replaced atomically
  g0001/              a generation: the LanceDB database with the table ``shots``, and ``index.json``
  locks/writer        held while something is written
  locks/optimize      held while files may be removed (optimize) or must not be (snapshot, verify)
  locks/g0001         held shared by every process that has the generation open
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from streetshop.catalog.store import CatalogMeta
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogDiskFull,
    CatalogError,
    CatalogLocked,
    CatalogMissing,
    StreetshopError,
)
from streetshop.core.records import Block

FORMAT: Final = 1
LOCK_WAIT = 5.0
"""Seconds a writer waits for another one before it gives up."""

META_FILE: Final = "catalog.json"
GENERATION: Final = re.compile(r"g(\d{4,9})")


def generation_folder(root: Path, generation: int) -> Path:
    return root / f"g{generation:04d}"


# --- catalog.json -------------------------------------------------------------------------------------------------


def read_meta(root: Path) -> CatalogMeta:
    """What the catalog says about itself. Raises CatalogMissing, CatalogDamaged."""
    path = root / META_FILE
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if any(GENERATION.fullmatch(child.name) for child in _children(root)):
            raise CatalogDamaged(
                f"{META_FILE} is missing",
                where=str(root),
                hint="Restore a snapshot, or index the feed again",
            ) from None
        raise CatalogMissing(
            "there is no catalog here",
            where=str(root),
            hint=f"Make one: streetshop index FEED --catalog {root}",
        ) from None
    except OSError as error:
        raise CatalogError(f"{META_FILE} cannot be read: {error.strerror}", where=str(root)) from error
    try:
        return parse_meta(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogDamaged(
            f"{META_FILE} is not readable ({error})",
            where=str(root),
            hint="Restore a snapshot, or index the feed again with --rebuild",
        ) from error


def parse_meta(text: bytes) -> CatalogMeta:
    """Raises ValueError, TypeError, KeyError or AttributeError where the text is not a ``catalog.json``."""
    data = json.loads(text)
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}, this version of streetshop reads {FORMAT}")
    blocks = tuple(Block(str(b["name"]), int(b["dim"]), float(b["weight"])) for b in data["blocks"])
    reader = str(data.get("reader", ""))  # catalogs of earlier versions do not say
    meta = CatalogMeta(str(data["encoder"]), str(data["fingerprint"]), blocks, int(data["generation"]), reader)
    if not blocks or any(block.dim < 1 for block in blocks) or meta.generation < 1:
        raise ValueError("impossible blocks or generation")
    return meta


def write_meta(root: Path, meta: CatalogMeta) -> None:
    """Replace ``catalog.json`` in one step that survives a crash."""
    data = {"format": FORMAT, **asdict(meta)}
    replace_file(root / META_FILE, json.dumps(data, indent=2, ensure_ascii=False).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write beside, flush to the disk, rename: a reader sees the old content or the new."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_bytes(root: Path) -> int:
    """Bytes of all files under a folder; files that vanish meanwhile do not count."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):
                total += Path(folder, name).lstat().st_size
    return total


def _children(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())
    except OSError:
        return []


# --- locks --------------------------------------------------------------------------------------------------------


class FileLock:
    """``flock`` on a file of its own, so that it ends with the process whatever ends that.

    Also excludes threads of one process from each other. Not reentrant.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        return self._handle is not None

    def acquire(self, what: str) -> None:
        """Raises CatalogLocked, naming the holder, when it is not free after ``LOCK_WAIT`` seconds."""
        until = time.monotonic() + LOCK_WAIT
        if not self._threads.acquire(timeout=LOCK_WAIT):
            raise self._locked(what, os.getpid())
        try:
            self._handle = self._open(until, what)
        except BaseException:
            self._threads.release()
            raise

    def _open(self, until: float, what: str) -> int:
        self.path.parent.mkdir(exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise self._locked(what, _holder(handle)) from None
                    time.sleep(0.02)
            with suppress(OSError):  # the name of the holder is a courtesy: a full disk must not stop a delete
                os.ftruncate(handle, 0)
                os.pwrite(handle, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
            self._threads.release()

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        self.acquire(what)
        try:
            yield
        finally:
            self.release()

    def _locked(self, what: str, pid: int | None) -> CatalogLocked:
        who = f"process {pid}" if pid else "another process"
        return CatalogLocked(
            f"{who} holds the catalog's {self.path.name} lock",
            where=str(self.path.parent.parent),
            hint=f"Wait for it or stop it, then {what} again",
        )


def _holder(handle: int) -> int | None:
    text = os.pread(handle, 20, 0)
    return int(text) if text.isdigit() else None


def share_generation(root: Path, generation: int) -> int | None:
    """Mark a generation as in use; close the returned handle to end that. None on a file system without writing."""
    path = root / "locks" / f"g{generation:04d}"
    try:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC):
            return None
        raise
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def claim_generation(root: Path, generation: int) -> int | None:
    """A handle that keeps others out of an old generation while it is removed; None while anyone uses it."""
    path = root / "locks" / f"g{generation:04d}"
    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def remove_old_generations(root: Path, present: int) -> None:
    """Remove generations before the present one that no process has open."""
    for child in _children(root):
        found = GENERATION.fullmatch(child.name)
        if found is None or int(found[1]) >= present:
            continue
        handle = claim_generation(root, int(found[1]))
        if handle is not None:
            shutil.rmtree(child, ignore_errors=True)
            os.close(handle)


# --- failures -----------------------------------------------------------------------------------------------------


@contextmanager
def typed_errors(root: Path, doing: str) -> Iterator[None]:
    """What LanceDB and the operating system raise, as errors a user understands."""
    try:
        yield
    except (StreetshopError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except (RuntimeError, OSError, ValueError) as error:
        raise _typed(error, root, doing) from error
    except BaseException as error:
        # A broken file can make LanceDB's Rust code panic, which arrives as a BaseException of its own.
        if type(error).__name__ == "PanicException":
            raise _typed(error, root, doing) from error
        raise


def _typed(error: BaseException, root: Path, doing: str) -> CatalogError:
    text = str(error)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or re.search(r"No space left|StorageFull|os error (28|122)\b", text):
        return CatalogDiskFull(
            f"no space left on the disk while {doing}",
            where=str(root),
            hint="Free some space and run it again; everything written before is kept",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or re.search(r"Permission denied|Read-only file", text):
        return CatalogError(
            f"not allowed while {doing}",
            where=str(root),
            hint="Check the folder's owner and mode",
        )
    short = " ".join(text.split())
    return CatalogDamaged(
        f"failed while {doing}: {short[:300]}",
        where=str(root),
        hint="Run `streetshop catalog verify`; restore a snapshot or index the feed again with --rebuild",
    )
