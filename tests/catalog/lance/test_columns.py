"""Filter columns: the same answers as ``matches``, and the types of fields."""

from __future__ import annotations

from hypothesis import given, settings

from streetshop.catalog.filters import CORE_FIELDS, Filter, matches
from streetshop.catalog.lance.columns import field_types, filter_mask
from streetshop.catalog.lance.rows import SEARCHED, entry_rows, table_schema
from streetshop.catalog.lance.segment import segment_of
from tests.catalog.conformance import DIM, assorted
from tests.catalog.filters.examples import filters

ENTRIES = assorted(40)
PRODUCTS = segment_of(entry_rows(ENTRIES, 1, table_schema(DIM)).select(SEARCHED), DIM).products


@given(filters)
@settings(max_examples=200)
def test_a_mask_is_what_matches_says(where: Filter) -> None:
    assert filter_mask(where, PRODUCTS).tolist() == [matches(where, entry.product) for entry in ENTRIES]


def test_types_of_fields() -> None:
    types = field_types(PRODUCTS.column_names)
    assert list(types) == [*CORE_FIELDS, "color", "colour", "heel", "organic", "pattern", "size"]
    assert (types["color"], types["heel"], types["organic"], types["size"]) == ("text", "number", "boolean", "text")
    assert field_types(["t:a", "n:a"])["a"] == "number"
    assert field_types(["t:a", "n:a", "x:a"])["a"] == "text"
    assert field_types(["b:a", "n:a"])["a"] == "text"
