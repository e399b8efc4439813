"""Products that are not for sale."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.feeds.read import read_feed
from streetshop.feeds.states import COLUMNS, LeftOut, state_of
from streetshop.feeds.synonyms import FIELD_KEYS, name_key, plain_name
from tests.feeds.reading import products, write


@pytest.mark.parametrize(
    ("column", "value", "state"),
    [
        ("Status", "draft", "draft"),
        ("status", "Archived", "archived"),
        ("status", "active", ""),
        ("status", "", ""),
        ("Status", "Entwurf", "draft"),
        ("visibility", "Not Visible Individually", "hidden"),
        ("visibility", "catalog", ""),
        ("Published", "false", "hidden"),
        ("published", "0", "hidden"),
        ("published", "-1", "draft"),
        ("published", "TRUE", ""),
        ("Veröffentlicht", "nein", "hidden"),
        ("is_visible", "no", "hidden"),
        ("enabled", "false", "hidden"),
        ("hidden", "true", "hidden"),
        ("hidden", "false", ""),
        ("is_deleted", "1", "hidden"),
    ],
)
def test_columns_that_tell(tmp_path: Path, column: str, value: str, state: str) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", f"id,image,{column}\n1,a.jpg,{value}\n2,a.jpg,\n"))
    assert [row for row in feed if isinstance(row, LeftOut)] == ([LeftOut(2, "1", state)] if state else [])
    assert [product.id for product in products(feed)] == (["2"] if state else ["1", "2"])


def test_the_strongest_of_several_columns_counts() -> None:
    row: dict[str, object] = {"a": "draft", "b": "false", "c": "archived"}
    assert state_of(row, [("a", "state"), ("b", "shown"), ("c", "state")]) == "archived"
    assert state_of(row, [("b", "shown"), ("a", "state")]) == "draft"
    assert state_of(row, []) == ""


def test_names_are_plain_and_no_fields() -> None:
    assert all(plain_name(name) == name for name in COLUMNS)
    assert not {name_key(name) for name in COLUMNS} & {key for keys in FIELD_KEYS.values() for key in keys}


def test_a_status_of_0_is_hidden(tmp_path: Path) -> None:
    text = "id,image,status\na,a.jpg,1\nb,b.jpg,0\n"
    rows = list(read_feed(write(tmp_path / "feed.csv", text)))
    assert [row.id for row in rows if isinstance(row, LeftOut)] == ["b"]
