"""How values are compared."""

from __future__ import annotations

import pytest

from streetshop.catalog.filters.values import as_number, field_values
from streetshop.core.records import AttributeValue, Prediction, Product
from tests.catalog.filters.examples import holds


@pytest.mark.parametrize(
    ("value", "number"),
    [("38", 38.0), ("-1.5", -1.5), ("007", None), ("1e5", None), ("12345678901234567", None), ("", None), (True, None)],
)
def test_which_text_counts_as_a_number(value: str | bool, number: float | None) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize(
    ("attributes", "colour"),
    [
        ({}, "red"),
        ({"colour": "Navy"}, "Navy"),
        ({"Color": "Navy"}, "Navy"),
        ({"color": "Navy", "colour": "Blue"}, "Blue"),
        ({"color": " "}, "red"),
        ({"size": "S"}, "red"),
    ],
)
def test_an_attribute_is_the_feeds_else_the_predicted_one(attributes: dict[str, AttributeValue], colour: str) -> None:
    product = Product("p", attributes=attributes, predicted={"colour": Prediction("red", 0.9)})
    assert field_values(product)["colour"] == colour
    assert holds(f"colour = {colour}", product)
    assert holds("has(colour)", product)
    assert holds("colour = red", product) == (colour == "red")


def test_a_missing_attribute_is_not_predicted() -> None:
    assert not holds("has(pattern)", Product("p", predicted={"colour": Prediction("red", 0.9)}))
