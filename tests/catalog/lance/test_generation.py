"""Reading a generation: what is opened, and when."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
)
from tests.catalog.conformance import assorted, found


def test_versions_are_missing(path: Path, store: Store) -> None:
    shutil.rmtree(path / "g0001" / "shots.lance" / "_versions")
    with pytest.raises(CatalogDamaged):
        open_catalog(str(path))


def test_a_search_after_optimize_needs_no_lancedb(path: Path, store: Store) -> None:
    store.optimize()
    code = (
        "import sys, numpy as np\n"
        "from streetshop.catalog.open import open_catalog\n"
        "store = open_catalog(sys.argv[1])\n"
        "hits = store.search(store.vectors('p0003')[0], 1)\n"
        "print(hits[0].product_id, store.get(['p0003'])[0].title, 'lancedb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["p0003", "Title", "3", "False"]


def test_many_threads_search_at_once(path: Path, store: Store) -> None:
    store.optimize()
    reader, entries = open_catalog(str(path)), assorted(20)
    failures: list[object] = []

    def search() -> None:
        failures.extend(
            i for i in range(40) if found(reader, entries[i % 20].vectors[0], 1) != [(entries[i % 20].product.id, 0)]
        )

    threads = [threading.Thread(target=search) for _ in range(16)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert time.monotonic() - started < 60
