"""``optimize`` in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.lance import optimize
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
)
from tests.catalog.conformance import assorted


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
    with pytest.raises(CatalogDamaged, match="failed while optimizing"):
        store.optimize()
