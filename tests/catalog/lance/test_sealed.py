"""The sealed segment, missing or corrupt."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from tests.catalog.conformance import assorted, found, nearest, unit_vectors


@pytest.mark.parametrize("name", ["products.arrow", "owner.npy", "shot.npy", "vectors.f32"])
@pytest.mark.parametrize("damage", ["truncated", "missing", "garbage"])
def test_the_files_that_are_searched_are_damaged(path: Path, store: Store, name: str, damage: str) -> None:
    """They are made from the table, and can be made again: searches go on from the table."""
    query = unit_vectors(1, 3)[0]
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    content = (base / name).read_bytes()
    (base / name).unlink()
    if damage != "missing":
        (base / name).write_bytes(content[: len(content) // 2] if damage == "truncated" else b"x" * 7)
    other = open_catalog(str(path))
    assert found(other, query, 9) == nearest(assorted(20), query, 9)
    assert any("damaged" in finding.what for finding in other.verify())
    other.optimize()
    assert other.verify() == []
    assert found(open_catalog(str(path)), query, 9) == nearest(assorted(20), query, 9)
