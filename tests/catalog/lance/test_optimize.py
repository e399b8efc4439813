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
