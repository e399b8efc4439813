"""Product ids, and the values that refuse what makes no sense."""

from __future__ import annotations

import dataclasses
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import RecordError
from streetshop.core.geometry import Box
from streetshop.core.records import (
    MAX_ID_LENGTH,
    MAX_REMARK_VALUE,
    Garment,
    Prediction,
    Product,
    Remark,
    check_product_id,
)


@given(st.text())
def test_an_id_is_stored_in_one_form_or_refused(text: str) -> None:
    try:
        stored = check_product_id(text)
    except RecordError:
        return
    assert check_product_id(stored) == stored
    assert 1 <= len(stored) <= MAX_ID_LENGTH
    assert stored == stored.strip()
    assert unicodedata.is_normalized("NFC", stored)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Cf") for c in stored)


def test_composed_and_decomposed_spellings_are_one_id() -> None:
    assert check_product_id(" e\u0301te\u0301 ") == check_product_id("\u00e9t\u00e9") == "\u00e9t\u00e9"
    assert check_product_id("../a b/\u5e97") == "../a b/\u5e97", "an id is no file name"


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), (" \t", "empty"), ("x" * 257, "257 characters"), ("a\nb", "control"), ("a\u200bb", "invisible")],
)
def test_bad_ids_say_why(text: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        check_product_id(text)


@pytest.mark.parametrize("price", [-0.01, math.nan, math.inf])
def test_a_price_is_a_number_from_zero(price: float) -> None:
    with pytest.raises(RecordError, match="price"):
        Product("a", price=price)
    assert Product(" a ", price=0.0).id == "a"
    assert Product("a").price is None


def test_records_are_frozen() -> None:
    garment = Garment("top", 0.5, Box(0, 0, 1, 1), (0.5, 0.5))
    with pytest.raises(dataclasses.FrozenInstanceError):
        garment.score = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 5},
        {"id": None},
        {"title": 5},
        {"category": None},
        {"price": "12"},
        {"price": True},
        {"in_stock": "yes"},
        {"attributes": ["red"]},
        {"attributes": {1: "red"}},
        {"attributes": {"colours": ["red"]}},
        {"attributes": {"width": math.inf}},
        {"attributes": {"width": None}},
    ],
)
def test_fields_of_another_type_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(RecordError, match=f"{next(iter(fields)).removesuffix('s')}"):
        Product(**{"id": "a"} | fields)


@pytest.mark.parametrize(
    ("value", "probability"), [("", 0.5), (" ", 0.5), (3, 0.5), ("red", 1.1), ("red", -0.1), ("red", float("nan"))]
)
def test_a_prediction_is_a_value_and_a_probability(value: object, probability: float) -> None:
    with pytest.raises(RecordError):
        Prediction(value, probability)  # type: ignore[arg-type]


def test_a_remark_quotes_the_beginning_of_a_long_value() -> None:
    assert Remark("price", "x" * 1000, "no price").value == "x" * (MAX_REMARK_VALUE - 3) + "..."
    assert (
        str(Remark("price", "dear", "it is no price. Write a number."))
        == "price 'dear': it is no price. Write a number."
    )
    with pytest.raises(RecordError, match="a remark of 'price'"):
        Remark("price", 5, "no price")  # type: ignore[arg-type]
