"""The folder of a catalog and its ``catalog.json``, missing or corrupt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogError,
    CatalogExists,
    CatalogMissing,
)
from tests.catalog.conformance import META


def test_something_else_is_there(path: Path, store: Store) -> None:
    with pytest.raises(CatalogExists):
        create_catalog(str(path), META)
    assert store.count() == 20
    other = path.parent / "photos"
    other.mkdir()
    (other / "a.jpg").write_bytes(b"x")
    with pytest.raises(CatalogExists, match="other things"):
        create_catalog(str(other), META)
    with pytest.raises(CatalogExists):
        create_catalog(str(other / "a.jpg"), META)


def test_an_interrupted_creation_starts_again(path: Path) -> None:
    create_catalog(str(path), META).close()
    (path / "catalog.json").unlink()
    with pytest.raises(CatalogMissing):
        open_catalog(str(path), write=True)
    assert create_catalog(str(path), META).count() == 0


def test_a_lost_catalog_json_does_not_cost_the_rows(path: Path, store: Store) -> None:
    content = (path / "catalog.json").read_bytes()
    (path / "catalog.json").unlink()
    with pytest.raises(CatalogDamaged, match=r"catalog\.json is missing"):
        open_catalog(str(path))
    with pytest.raises(CatalogExists, match=r"without catalog\.json"):
        create_catalog(str(path), META)
    (path / "catalog.json").write_bytes(content)
    assert open_catalog(str(path)).count() == 20


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\xff\xfe", b"[]", b"{}", b"null", b'{"format": 99}', b'{"format": 1, "blocks": [{"name": 1}]}'],
)
def test_catalog_json_is_garbage(path: Path, store: Store, content: bytes) -> None:
    (path / "catalog.json").write_bytes(content)
    with pytest.raises(CatalogDamaged, match=r"catalog\.json"):
        open_catalog(str(path))
    with pytest.raises(CatalogDamaged):
        store.count()


def test_catalog_json_of_other_vectors(path: Path, store: Store) -> None:
    content = json.loads((path / "catalog.json").read_bytes())
    del content["sha256"]
    content["blocks"][0]["dim"] = 25
    (path / "catalog.json").write_text(json.dumps(content))
    with pytest.raises(CatalogDamaged, match="length"):
        open_catalog(str(path)).count()


def test_a_catalog_of_format_1_is_read_and_written(path: Path, store: Store) -> None:
    content = json.loads((path / "catalog.json").read_bytes())
    del content["sha256"]
    (path / "catalog.json").write_text(json.dumps({**content, "format": 1}))
    opened = open_catalog(str(path))
    assert opened.count() == 20
    assert opened.delete(list(opened.ids())[:1]) == 1
    assert open_catalog(str(path)).count() == 19


def test_a_folder_of_locks_that_cannot_be_made_is_one_error(path: Path, store: Store) -> None:
    shutil.rmtree(path / "locks")
    (path / "locks").write_text("a file in its place")
    with pytest.raises(CatalogError, match="opening the catalog"):
        open_catalog(str(path)).count()
