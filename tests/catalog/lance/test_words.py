"""The full-text index of a segment."""

from __future__ import annotations

import shutil
from pathlib import Path

from streetshop.catalog.lance.words import words_of
from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.records import Product
from tests.catalog.conformance import entry, unit_vectors


def test_what_is_searched() -> None:
    product = Product(
        "1",
        title="Linen Shirt",
        category="Shirts > Linen",
        brand="Nord",
        kind="top",
        attributes={"colour": "Blau", "water_proof": True, "lined": False, "size": 38.0},
    )
    assert words_of(product) == "linen shirt shirts > linen nord top blau water proof 38"


def test_the_index_lives_with_the_segment(path: Path, store: Store) -> None:
    """Without its files, as in a catalog of an earlier version, or when they vanish meanwhile, it is made in memory."""
    store.upsert([entry("x", unit_vectors(1, 5), title="zebra")])
    store.optimize()
    (folder,) = (path / "g0001").glob("base-*/words.lance")
    other, late = open_catalog(str(path)), open_catalog(str(path))
    for each in (store, other, late):
        assert [hit.product_id for hit in each.find(["zebra"], 3)] == ["x"]
    shutil.rmtree(folder)
    assert [hit.product_id for hit in store.find(["zebras"], 3)] == ["x"]
    assert [hit.product_id for hit in open_catalog(str(path)).find(["zebra"], 3)] == ["x"]
