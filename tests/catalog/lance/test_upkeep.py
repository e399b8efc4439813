"""What is done on the way while a catalog is written to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from streetshop.catalog.lance import upkeep
from streetshop.catalog.lance.sealed import read_sealed
from streetshop.catalog.lance.table import open_table
from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from tests.catalog.conformance import Entry, assorted, entry, found, nearest, unit_vectors

QUERY = unit_vectors(1, 77)[0]


def write_singly(store: Store, times: int) -> list[Entry]:
    """Write one product at a time, each id several times; returns what is stored then."""
    stored = {e.product.id: e for e in assorted(20)}
    for number in range(times):
        if number % 7 == 3:
            store.delete([f"p{number % 20:04d}"])
            stored.pop(f"p{number % 20:04d}", None)
        else:
            one = entry(f"p{number % 20:04d}", unit_vectors(1 + number % 2, number), title=str(number))
            store.upsert([one])
            stored[one.product.id] = one
    return [*stored.values()]


def until(done: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_small_writes_are_put_into_few_files(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MERGED", 8)
    reader = open_catalog(str(path))
    assert reader.count() == 20
    stored = write_singly(store, 50)
    fragments = open_table(path / "g0001").stats()["fragment_stats"]["num_fragments"]
    assert fragments <= 1 + 50 // 8 + 8
    for one in (store, reader, open_catalog(str(path))):
        assert found(one, QUERY, 99) == nearest(stored, QUERY, 99)
        assert one.count() == len(stored)
    assert store.verify() == []


def test_it_is_optimized_in_the_background(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "WRITES", 10)
    stored = write_singly(store, 11)
    until(lambda: read_sealed(path / "g0001"))
    for one in (store, open_catalog(str(path))):
        assert found(one, QUERY, 99) == nearest(stored, QUERY, 99)
        assert one.info().indexed > 0
    store.close()
    assert store.verify() == []


def test_the_process_ends_with_its_store(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    def start(root: Path, number: int, out: IO[str]) -> subprocess.Popen[str]:
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        started.append(subprocess.Popen(sleep, stdin=subprocess.PIPE, stdout=out, text=True))
        return started[-1]

    monkeypatch.setattr(upkeep, "WRITES", 5)
    monkeypatch.setattr(upkeep, "start_child", start)
    write_singly(store, 12)
    assert len(started) == 1  # one at a time
    store.close()
    assert started[0].returncode is not None


@pytest.mark.parametrize(("error", "logged"), [("CatalogDiskFull", True), ("CatalogLocked", False)])
def test_its_failures_are_logged(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: str,
    logged: bool,
) -> None:
    code = (
        f"import sys; print('starting'); print({json.dumps(json.dumps({'error': error, 'what': 'why'}))}); sys.exit(2)"
    )

    def start(root: Path, number: int, out: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=out, text=True)

    monkeypatch.setattr(upkeep, "WRITES", 4)
    monkeypatch.setattr(upkeep, "start_child", start)
    write_singly(store, 5)
    until(lambda: write_singly(store, 3) and (caplog.records or not logged), 60)
    store.close()
    assert [record.getMessage() for record in caplog.records if record.name == "streetshop.catalog"][:1] == (
        [f"optimizing in the background failed: {error}: why"] if logged else []
    )


def test_a_write_counts_though_the_upkeep_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upkeep, "MERGED", 2)
    monkeypatch.setattr(upkeep, "merge_recent", fails)
    stored = write_singly(store, 3)
    assert found(store, QUERY, 99) == nearest(stored, QUERY, 99)
    assert "no space left" in caplog.text
