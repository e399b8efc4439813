"""Looks that were made in advance; the pass that makes them is tested in ``tests/indexing/test_looks.py``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streetshop.core.records import Product, Shot
from streetshop.search.pages import OwnProduct, PageAnswer, PageShot
from streetshop.search.stored_looks import is_current, is_of_pictures, look_row, made_of

PRODUCT = Product("a", title="A", price=3.0, kind="top", design="d", shots=(Shot("a.jpg", "1"), Shot("b.jpg", "2")))
ANSWER = PageAnswer(
    (PageShot("a.jpg", "1", 10, 20, "front", True, ""), PageShot("b.jpg", "2", 10, 20, "back", True, "back view")),
    0,
    "",
    OwnProduct("given", "a", PRODUCT, "top"),
    (),
    (),
    {"style": 1.0},
)


def test_a_look_depends_on_pictures_kind_design_and_encoder_alone() -> None:
    whole = made_of(PRODUCT, "f")
    assert made_of(replace(PRODUCT, title="B", price=4.0, in_stock=False, url="https://a.example"), "f") == whole
    assert made_of(replace(PRODUCT, design="D "), "f") == whole
    others = [
        made_of(PRODUCT, "g"),
        made_of(replace(PRODUCT, shots=PRODUCT.shots[:1]), "f"),
        made_of(replace(PRODUCT, shots=PRODUCT.shots[::-1]), "f"),
        made_of(replace(PRODUCT, kind="dress"), "f"),
        made_of(replace(PRODUCT, design="e"), "f"),
    ]
    assert len({whole, *others}) == 6


def test_a_row_knows_its_product_its_pictures_and_its_reader() -> None:
    row = look_row(ANSWER, PRODUCT, "f", "look 1", "now")
    assert is_current(row, PRODUCT, "f")
    assert not is_current(row, PRODUCT, "g")
    assert is_of_pictures(row, ["1", "2"], "look 1")
    assert not is_of_pictures(row, ["2", "1"], "look 1")
    assert not is_of_pictures(row, ["1", "2"], None)
    assert json.loads(row.reading)["shots"][1] == ["b.jpg", "2", 10, 20, "back", True, "back view"]


@pytest.mark.parametrize("reader", [None, "look 1"])
def test_rows_are_the_same_for_the_same_look(reader: str | None) -> None:
    assert look_row(ANSWER, PRODUCT, "f", reader, "now") == look_row(ANSWER, PRODUCT, "f", reader, "now")
