"""A cheap check of an open generation, called again and again by a server.

Each call looks at the sizes of all files and reads on through their content: some time after its start, a server has
compared everything with the checksums, and it begins again every day. No search waits for that.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streetshop.catalog.lance.checksums import Checksum, file_stamp
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.record import REPAIR, damaged_file, needed_files
from streetshop.catalog.lance.sealed import read_sealed
from streetshop.catalog.lance.table import table_folder
from streetshop.catalog.store import Finding

STEP: Final = 32 << 20
"""Bytes that one call reads, at most."""
CHUNK: Final = 1 << 20
"""Bytes that are read at once."""
_AGAIN: Final = 24 * 3600.0
"""Seconds after which everything is read again."""


class Health:
    """The health of a generation; see ``Store.health``.

    Args:
        generation: to check.
    """

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._lock = threading.Lock()
        self._good: set[Path] = set()
        self._bad: dict[str, object] = {}
        self._reading = self._read()

    def check(self) -> list[Finding]:
        """Check the sizes of all files and the content of some.

        Returns:
            Damage in spite of which searches are answered.

        Raises:
            CatalogDamaged: the table is damaged.
        """
        with self._lock:
            self.generation.view()
            for name, wanted in self._table_files().items():
                problem = self._size_problem(name, wanted) or self._content_problem(name)
                if problem:
                    raise damaged_file(self.generation.folder, name, problem)
            next(self._reading)
            return [Finding(what, REPAIR) for what in self.generation.warnings()]

    def _table_files(self) -> dict[str, Checksum]:
        last = self.generation.recorded()
        names = needed_files(self.generation.folder, last, self.generation.view().version)
        return {name: last.files[name] for name in names}

    def _size_problem(self, name: str, wanted: Checksum) -> str:
        try:
            size = (table_folder(self.generation.folder) / name).stat().st_size
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return "" if size == wanted.size else f"has {size} bytes, not {wanted.size}"

    def _content_problem(self, name: str) -> str:
        path = table_folder(self.generation.folder) / name
        if name in self._bad and self._bad[name] != file_stamp(path):  # it was replaced
            del self._bad[name]
            self._good.discard(path)
        return "was changed" if name in self._bad else ""

    def _read(self) -> Iterator[None]:
        """Compare the content of all files, one after another, without end; yields every ``STEP`` bytes."""
        began, done = time.monotonic(), 0
        while True:
            folder, sealed = self.generation.folder, read_sealed(self.generation.folder)
            files = {table_folder(folder) / name: (name, wanted) for name, wanted in self._table_files().items()}
            if sealed is not None:
                files |= {folder / sealed.folder / name: ("", wanted) for name, wanted in sealed.files.items()}
            path = next((path for path in files if path not in self._good), None)
            if path is None or done >= STEP:
                yield
                done = 0
                if time.monotonic() - began > _AGAIN:
                    began = time.monotonic()
                    self._good.clear()
                continue
            digest = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while chunk := file.read(CHUNK):
                        digest.update(chunk)
                        done += len(chunk)
                        if done >= STEP:
                            yield
                            done = 0
            except OSError:
                pass  # it was removed with its version, or the next look at the sizes says so
            name, wanted = files[path]
            self._good.add(path)
            if digest.hexdigest() != wanted.sha256 and path.exists():
                if name:
                    self._bad[name] = file_stamp(path)
                elif sealed is not None:
                    self.generation.distrust(sealed, f"{sealed.folder}/{path.name} was changed")
