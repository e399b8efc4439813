"""Views: what later rows change."""

from __future__ import annotations

from streetshop.catalog.filters import Equals
from streetshop.catalog.lance.rows import SEARCHED, entry_rows, table_schema, tombstones
from streetshop.catalog.lance.view import View, empty_view
from tests.catalog.conformance import DIM, assorted, entry, nearest, unit_vectors

QUERY = unit_vectors(1, 77)[0]


def places(view: View, k: int = 500) -> list[tuple[str, int]]:
    return [(hit.product_id, hit.shot) for hit in view.search(QUERY, k, None, False)]


def test_an_empty_view() -> None:
    view = empty_view(DIM)
    assert (view.shots, view.count(None), view.get("a"), view.vectors("a")) == (0, 0, None, None)
    assert (view.search(QUERY, 3, None, False), view.values("brand", 9), view.bounds("price")) == ([], [], None)


def test_later_rows_replace_and_remove_and_leave_the_view_before_as_it_was() -> None:
    schema, entries = table_schema(DIM), assorted(30)
    first = empty_view(DIM).with_rows(entry_rows(entries, 2, schema).select(SEARCHED), 2)
    changed = entry("p0003", unit_vectors(2, 5), brand="New")
    second = first.with_rows(entry_rows([changed], 3, schema).select(SEARCHED), 3)
    third = second.with_rows(tombstones(["p0004"], 4, schema).select(SEARCHED), 4)
    now = [changed if e.product.id == "p0003" else e for e in entries if e.product.id != "p0004"]
    assert places(first) == nearest(entries, QUERY, 500)
    assert places(third) == nearest(now, QUERY, 500)
    assert [view.count(None) for view in (first, second, third)] == [30, 30, 29]
    assert third.shots == sum(len(e.vectors) for e in now)
    assert (third.get("p0003"), third.get("p0004")) == (changed.product, None)
    assert (third.version, third.stamp) == (4, 4)
    assert third.count(Equals("brand", ("new",))) == 1
    assert ("New", 1) in third.values("brand", 9)
    assert third.with_rows(schema.empty_table().select(SEARCHED), 9).version == 9


def test_many_small_writes_are_merged() -> None:
    schema, entries, view = table_schema(DIM), assorted(60), empty_view(DIM)
    for stamp, e in enumerate(entries):
        view = view.with_rows(entry_rows([e], stamp, schema).select(SEARCHED), stamp)
    assert len(view.segments) <= 17
    assert places(view) == nearest(entries, QUERY, 500)
