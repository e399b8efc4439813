"""Products as rows, and back."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.catalog.lance.rows import (
    TOMBSTONE,
    entries_of,
    entry_rows,
    matrix,
    product_from_json,
    product_json,
    table_schema,
    tombstones,
)
from streetshop.catalog.store import row_hash
from streetshop.core.errors import RecordError
from tests.catalog.conformance import DIM, assorted


def test_entries_become_rows_and_entries_again() -> None:
    entries = assorted(9)
    table = entry_rows(entries, 7, table_schema(DIM))
    assert table.schema == table_schema(DIM)
    assert set(table.column("stamp").to_pylist()) == {7}
    assert len(table) == sum(len(entry.vectors) for entry in entries)
    shuffled = table.take(np.random.default_rng(0).permutation(len(table)))
    for entry, again in zip(entries, entries_of(shuffled, DIM), strict=True):
        assert again.product == entry.product
        assert again.thumbnails == entry.thumbnails
        np.testing.assert_array_equal(again.vectors, entry.vectors)


def test_the_product_is_in_the_row_of_the_first_shot() -> None:
    entry = next(e for e in assorted(9) if len(e.vectors) == 3)
    columns = entry_rows([entry], 1, table_schema(DIM)).to_pydict()
    assert columns["shot"] == [0, 1, 2]
    assert columns["row_hash"] == [row_hash(entry.product), None, None]
    assert columns["product"] == [product_json(entry.product), None, None]


def test_tombstones() -> None:
    table = tombstones(["a", "b"], 3, table_schema(DIM))
    assert table.schema == table_schema(DIM)
    assert table.column("product_id").to_pylist() == ["a", "b"]
    assert table.column("shot").to_pylist() == [TOMBSTONE, TOMBSTONE]
    assert not matrix(table.column("vector"), DIM).any()


def test_products_as_json() -> None:
    for entry in assorted(9):
        assert product_from_json(product_json(entry.product)) == entry.product
    for text in ("", "[]", "{}", '{"id": "", "shots": []}'):
        with pytest.raises((ValueError, TypeError, KeyError, RecordError)):
            product_from_json(text)
