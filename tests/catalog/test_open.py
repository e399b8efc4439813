"""Addresses of catalogs."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.core.errors import (
    CatalogMissing,
    CatalogUnsupported,
)
from tests.catalog.conformance import META


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.catalog"


@pytest.mark.parametrize(
    "url", ["milvus://localhost:19530", "MILVUS://x", "http://x/y", "s3://bucket", "", "a\0b", "a\nb", "a\udcff"]
)
def test_addresses_that_are_no_folder(url: str) -> None:
    for use in (open_catalog, lambda u: create_catalog(u, META)):
        with pytest.raises(CatalogUnsupported):
            use(url)


def test_nothing_there(path: Path) -> None:
    with pytest.raises(CatalogMissing, match="streetshop index"):
        open_catalog(str(path))
    path.mkdir()
    with pytest.raises(CatalogMissing):
        open_catalog(str(path), write=True)
    assert list(path.iterdir()) == []
