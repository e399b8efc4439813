"""Children and parents in any order, in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streetshop.feeds.presets.families import Families, Member
from streetshop.feeds.presets.sheet import Sheet
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values


class Rows:
    def __init__(self, rows: list[Values]) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[tuple[int, Values]]:
        return iter(enumerate(self.rows))


def families(rows: list[Values]) -> Families:
    sheet = Sheet(Rows(rows), ["id", "parent", "image", "title", "state"])

    def member(row: Values) -> Member:
        name, parent, state = str(row["id"]), str(row.get("parent", "")), str(row.get("state", ""))
        if row.get("children"):
            return Member("parent", (name,), state=state)
        return Member(
            "child" if parent else "single",
            (name,),
            parent,
            state=state,
            pictures=tuple(sheet.pictures(row, ["image"])),
        )

    return Families(sheet, member, "id", "image")


ROWS: list[Values] = [
    {"id": "p", "title": "P", "image": "g.jpg|1.jpg", "children": True},
    {"id": "p1", "parent": "p", "image": "1.jpg"},
    {"id": "p2", "parent": "p", "title": "Own"},
    {"id": "s", "title": "S", "image": "s.jpg"},
    {"id": "q", "title": "Q", "image": "q.jpg", "children": True, "state": "draft"},
    {"id": "q1", "parent": "q"},
    {"id": "o", "parent": "gone", "image": "o.jpg"},
]


@given(st.permutations(ROWS))
def test_the_order_of_rows_does_not_matter(rows: list[Values]) -> None:
    read = families(rows)
    for _ in range(2):  # again and again
        found = [values for _, values in read()]
        products = {str(each["id"]): each for each in found if isinstance(each, dict)}
        assert set(products) == {"p1", "p2", "s", "o"}
        assert (products["p1"]["title"], products["p2"]["title"]) == ("P", "Own")
        assert products["p1"]["image"] == ["1.jpg", "g.jpg"]
        assert products["p2"]["image"] == ["g.jpg"]
        assert [products[name].get("item_group_id") for name in ("p1", "s", "o")] == ["p", None, "gone"]
        assert {each.id: each.reason for each in found if isinstance(each, LeftOut)} == {"q": "draft", "q1": "draft"}


def test_parents_are_not_kept_in_memory() -> None:
    class Many(Rows):
        def __iter__(self) -> Iterator[tuple[int, Values]]:
            for i in range(3_000):
                yield 2 * i, {"id": f"p{i}", "title": "x" * 3000, "children": True}
                yield 2 * i + 1, {"id": f"c{i}", "parent": f"p{i}", "image": "a.jpg"}

    sheet = Sheet(Many([]), ["id", "parent", "image", "title"])
    read = Families(
        sheet,
        lambda row: Member("parent" if row.get("children") else "child", (str(row["id"]),), str(row.get("parent", ""))),
        "id",
        "image",
    )
    tracemalloc.start()
    try:
        assert sum(1 for _ in read()) == 3_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3e6, "nine megabytes of titles"
