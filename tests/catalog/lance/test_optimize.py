"""``optimize`` in a process of its own, and while others read and write."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.lance import optimize
from streetshop.catalog.lance.table import open_table
from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
)
from tests.catalog.conformance import assorted, entry, found, unit_vectors


def test_what_a_killed_write_left_is_removed(path: Path, store: Store) -> None:
    table = path / "g0001" / "shots.lance"
    left = [table / "data" / ".tmp4RXMwq", table / "_versions" / "18446744073709551609.manifest#1"]
    for file in left:
        file.write_bytes(b"half")
    kept = sorted(file.name for file in (table / "data").glob("*.lance"))
    before = store.count()
    store.optimize()
    assert [file for file in left if file.exists()] == []
    assert {file.name for file in (table / "data").glob("*.lance")} >= set(kept)
    assert store.count() == before
    assert store.verify() == []


@pytest.mark.slow
def test_the_child_process_does_the_work(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "CHILD_FROM", 0)
    steps: list[str] = []
    store.optimize(lambda what, done, of: steps.append(what))
    assert "copying vectors" in steps
    assert store.info().indexed == store.info().shots
    store.upsert(assorted(2))
    for file in (path / "g0001" / "shots.lance" / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(CatalogDamaged, match="has 0 bytes, not"):
        store.optimize()


def test_writes_while_the_segment_is_built_are_found(path: Path, store: Store) -> None:
    writer, late = open_catalog(str(path)), entry("late", unit_vectors(1, 500))
    before, gone = store.count(), assorted(20)[4]

    def write(what: str, done: int, of: int | None) -> None:
        if what == "copying vectors" and writer.count() == before:
            writer.upsert([late])
            writer.delete(["p0004"])
            writer.upsert([entry("p0005", unit_vectors(1, 501), title="new")])

    store.optimize(write)
    for one in (store, writer, open_catalog(str(path))):
        assert found(one, late.vectors[0], 1) == [("late", 0)]
        assert one.get(["p0004"]) == [None]
        assert "p0004" not in [name for name, _ in found(one, gone.vectors[0], 99)]
        assert [p.title for p in one.get(["p0005"]) if p] == ["new"]
        assert one.count() == before
    assert store.verify() == []


def test_writes_wait_while_the_table_is_compacted(path: Path, store: Store) -> None:
    """A write that comes between makes LanceDB refuse the work: under steady writing, it would never succeed."""
    late = entry("late", unit_vectors(1, 500))
    writer = threading.Thread(target=lambda: open_catalog(str(path)).upsert([late]))
    waited: list[bool] = []

    def write(what: str, done: int, of: int | None) -> None:
        if what == "compacting":
            writer.start()
            writer.join(1.0)
            waited.append(writer.is_alive())

    store.upsert([entry("p0001", unit_vectors(2, 9))])
    store.optimize(write)
    writer.join()
    assert waited == [True]
    assert found(store, late.vectors[0], 1) == [("late", 0)]
    assert store.verify() == []


def test_a_handle_on_an_old_version_still_reads(path: Path, store: Store) -> None:
    old = open_table(path / "g0001")
    version = old.version
    rows = old.count_rows()
    store.upsert([entry("p0001", unit_vectors(2, 9))])
    store.delete(["p0002"])
    store.optimize()
    store.optimize()
    fresh = open_table(path / "g0001")  # nothing of it is in a cache
    fresh.checkout(version)
    for table in (old, fresh):
        table.checkout(version)
        assert table.count_rows() == rows
        vectors = np.stack(table.search().limit(99).to_arrow().column("vector").to_numpy())
        assert vectors.shape == (rows, 32)
