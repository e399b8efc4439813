"""A small catalog in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import Store
from tests.catalog.conformance import META, assorted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.catalog"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = create_catalog(str(path), META)
    store.upsert(assorted(20))
    yield store
    store.close()
