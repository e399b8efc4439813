"""Keep a catalog fast while it is written to.

Every write leaves a version, a small data file and a segment in memory. Each later write, and the first search after
it, read all of these files: without upkeep they become slower and a server grows with every write. So the rows of small
writes are put into one file at intervals, and at longer intervals the catalog is optimized in the background.
"""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
from contextlib import suppress
from typing import IO, Final

from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.lance.generation import Generation
from streetshop.catalog.lance.optimize import start_child
from streetshop.catalog.lance.sealed import read_sealed
from streetshop.catalog.lance.table import merge_recent
from streetshop.core.errors import CatalogError, CatalogLocked

_log = logging.getLogger("streetshop.catalog")

MERGED: Final = 64
"""Writes whose rows are put into one file: that takes as long as two writes."""
_SMALL: Final = 16
"""Rows per write, on average, from which this is not worth while."""
WRITES: Final = 1024
"""Writes from which a catalog is optimized."""
SHARE: Final = 20
"""In large catalogs one write for so many shots: the process reads all of them."""


class Upkeep:
    """Does what is due after a write.

    ``optimize`` runs in a process of its own, which ends with this one. Not thread-safe: for the holder of the writer's
    lock.
    """

    def __init__(self) -> None:
        self._since = 0
        self._writes = 0
        self._rows = 0
        self._child: subprocess.Popen[str] | None = None
        self._said: IO[str] | None = None
        self._not_before = 0

    def written(self, generation: Generation, rows: int) -> None:
        """Note a write of so many rows. What fails is logged: the write itself is done."""
        try:
            with typed_errors(generation.root, "tidying up after writes"):
                self._merge(generation, rows)
                self._optimize(generation)
        except CatalogError as error:
            _log.warning("%s", error)

    def _merge(self, generation: Generation, rows: int) -> None:
        """Put the rows of the last writes into one file."""
        if self._writes == 0:
            self._since = int(generation.table.version) - 1  # stamps are numbers of versions
        self._writes += 1
        self._rows += rows
        if self._writes < MERGED:
            return
        small = self._rows < MERGED * _SMALL
        self._writes = self._rows = 0
        if small:
            merge_recent(generation.latest(), self._since)
            generation.record()

    def _optimize(self, generation: Generation) -> None:
        """Start the process if it is due and none runs."""
        version = int(generation.table.version)
        if version < self._not_before or (self._child is not None and self._child.poll() is None):
            return
        sealed = read_sealed(generation.folder)
        due = max(WRITES, sealed.shots // SHARE) + sealed.version if sealed else WRITES
        if version < due:
            return
        self._end()
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in _end
        self._child = start_child(generation.root, generation.meta.generation, self._said)
        self._not_before = version + WRITES // 4  # if it fails: another process may hold the lock

    def close(self) -> None:
        """End the process; what it has not committed has no effect."""
        if self._child is not None:
            self._child.kill()
        self._end()

    def _end(self) -> None:
        """Clear up after a process that ended, and log why it failed."""
        if self._child is None or self._said is None:
            return
        code = self._child.wait()
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._said.seek(0)
        failure = ""
        for line in self._said:
            with suppress(ValueError):
                report = json.loads(line)
                failure = f"{report['error']}: {report['what']}" if "error" in report else failure
        if code > 0 and not failure.startswith(CatalogLocked.__name__):
            _log.warning("optimizing in the background failed: %s", failure or f"exit code {code}")
        self._said.close()
        self._child = self._said = None
