"""The products in answers of shops' APIs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.feeds.json_array import find_array
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write

ROWS = [{"id": i, "title": f'T "{i}" ]}}', "image": f"{i}.jpg"} for i in range(3)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "document",
    [
        {"products": ROWS, "total": 3},
        {"total": 3, "filters": ["a", {"x": 1}], "items": ROWS, "more": {"a": [1, 2]}},
        {"data": {"products": {"edges": [{"node": row} for row in ROWS], "pageInfo": {}}}},
        {"hits": {"total": 3, "hits": [{"_id": "x", "_source": row} for row in ROWS]}},
        {"version": "1", "title": "Feed", "items": ROWS},
        ROWS,
    ],
)
def test_wrapped_products(tmp_path: Path, document: object, indent: int | None) -> None:
    feed = read_feed(write(tmp_path / "feed.json", json.dumps(document, indent=indent)))
    assert [product.id for product in products(feed)] == ["0", "1", "2"]
    assert refusals(feed) == []


def test_an_array_of_any_name_in_a_document_of_several_lines(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.json", json.dumps({"shop": "x", "kleider": ROWS}, indent=2)))
    assert len(products(feed)) == 3


@pytest.mark.parametrize("indent", [None, 2])
def test_one_product_and_objects_one_after_the_other(tmp_path: Path, indent: int | None) -> None:
    one: dict[str, Any] = {"id": 1, "images": [{"src": "a.jpg"}], "variants": [{"id": 2}]}
    text = json.dumps(one, indent=indent)
    assert len(products(read_feed(write(tmp_path / "feed.json", text)))) == 1
    both = f"{text}\n{text.replace('1', '7')}"
    assert [product.id for product in products(read_feed(write(tmp_path / "feed.json", both)))] == ["1", "7"]


@given(st.text(st.sampled_from('{}[]":,ab1 \n\\'), max_size=60), st.booleans())
def test_any_text(text: str, sure: bool) -> None:
    found = find_array(text, sure=sure)
    assert not found or text[found] == "["
