"""Several writers, and readers of old generations."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streetshop.catalog.lance import locks
from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import CatalogMeta, Store
from streetshop.core.errors import (
    CatalogLocked,
)
from tests.catalog.conformance import META, assorted, entry, unit_vectors


def test_another_process_writes(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import fcntl, sys, os\n"
        "f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "f.truncate(0); f.write(str(os.getpid())); f.flush(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path / "locks" / "writer")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setattr(locks, "TIMEOUT", 0.2)
        for use in (
            lambda: store.upsert(assorted(1)),
            lambda: store.delete(["p0001"]),
            lambda: store.begin_rebuild(META),
            lambda: open_catalog(str(path), write=True),
        ):
            with pytest.raises(CatalogLocked, match=f"process {holder.pid} "):
                use()
        assert open_catalog(str(path)).count() == 20
        holder.kill()
    store.upsert(assorted(21))
    assert store.count() == 21


def test_writers_wait_for_each_other(path: Path, store: Store) -> None:
    others = [open_catalog(str(path), write=True) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda o=o, i=i: [o.upsert([entry(f"w{i}-{j}", unit_vectors(1, j))]) for j in range(5)])
        for i, o in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 35
    assert store.verify() == []


def test_old_generations_go_when_nobody_reads_them(path: Path, store: Store) -> None:
    reader = open_catalog(str(path))
    assert reader.count() == 20
    store.begin_rebuild(CatalogMeta("test 2", "b" * 64, META.blocks)).upsert(assorted(3))
    store.commit_rebuild()
    assert (path / "g0001").exists()
    assert reader.count() == 3
    store.optimize()
    assert not (path / "g0001").exists()
    assert (reader.count(), store.count()) == (3, 3)
