"""What servers said of the pictures that were fetched, so that an unchanged one is not sent again."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_COMMIT_EVERY: Final = 256


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server knows a version of a picture by (RFC 9110, 8.8).

    Attributes:
        etag: empty if it gave none.
        modified: its Last-Modified, empty if it gave none.
        sha256: hex digest of the picture.
    """

    etag: str
    modified: str
    sha256: str


class Fetched:
    """A file of the validators of pictures by their addresses; thread-safe.

    It only saves work: one that is damaged or cannot be written is left as it is, and all pictures are fetched.

    Args:
        path: of the file, which is made if there is none.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._pending = 0
        self._base: sqlite3.Connection | None = None
        try:
            self._base = self._open(path)
        except sqlite3.DatabaseError:
            with suppress(OSError, sqlite3.Error):
                path.unlink()
                self._base = self._open(path)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        base = sqlite3.connect(path, timeout=5, check_same_thread=False)
        base.execute(
            "CREATE TABLE IF NOT EXISTS fetched"
            " (url TEXT PRIMARY KEY, etag TEXT, modified TEXT, sha256 TEXT) WITHOUT ROWID"
        )
        return base

    def get(self, url: str) -> Validators | None:
        """What is known of an address."""
        with self._lock, suppress(sqlite3.Error):
            if self._base is not None:
                row = self._base.execute("SELECT etag, modified, sha256 FROM fetched WHERE url = ?", (url,)).fetchone()
                return Validators(*map(str, row)) if row else None
        return None

    def put(self, url: str, found: Validators) -> None:
        """Remember an answer that can be asked for again."""
        if not (found.etag or found.modified):
            return
        row = (url, found.etag, found.modified, found.sha256)
        with self._lock, suppress(sqlite3.Error):
            if self._base is not None:
                self._base.execute("INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?)", row)
                self._pending += 1
                if self._pending >= _COMMIT_EVERY:
                    self._base.commit()
                    self._pending = 0

    def close(self) -> None:
        """Write what is not written yet."""
        with self._lock:
            if self._base is not None:
                with suppress(sqlite3.Error):
                    self._base.commit()
                self._base.close()
                self._base = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
