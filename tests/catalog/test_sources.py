"""How many products have a kind by which source."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from streetshop.catalog.open import create_catalog
from streetshop.catalog.sources import kind_sources
from tests.catalog.conformance import META, ONE, entry


def test_every_product_is_counted_once(tmp_path: Path) -> None:
    with closing(create_catalog(str(tmp_path / "c"), META)) as store:
        assert set(kind_sources(store).values()) == {0}
        sources = ["category", "category", "picture", "number", "", ""]
        store.upsert(
            [entry(f"p{i}", ONE, kind="hat" if source else "", kind_source=source) for i, source in enumerate(sources)]
        )
        assert kind_sources(store) == {
            **{"column": 0, "mapping": 0, "number": 1, "category": 2, "title": 0, "picture": 1},
            "unknown": 2,
        }
