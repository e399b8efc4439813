"""The LanceDB adapter: the conformance suite, and what is particular to a folder on a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streetshop.catalog.open import create_catalog, open_catalog, restore_snapshot
from streetshop.catalog.store import CatalogMeta, Store
from tests.catalog.conformance import Again, Make, StoreConformance


class TestLance(StoreConformance):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Iterator[Make]:
        made: list[Store] = []

        def _make(meta: CatalogMeta) -> Store:
            made.append(create_catalog(str(tmp_path / f"{len(made)}.catalog"), meta))
            return made[-1]

        yield _make
        for store in made:
            store.close()

    @pytest.fixture
    def again(self) -> Again:
        return lambda store: open_catalog(store.url)

    @pytest.fixture
    def restore(self, tmp_path: Path) -> Callable[[Path], Store]:
        return lambda snapshot: restore_snapshot(snapshot, str(tmp_path / "restored.catalog"))
