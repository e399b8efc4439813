"""What filters mean."""

from __future__ import annotations

import pytest

from streetshop.core.records import Product
from tests.catalog.filters.examples import BARE, holds


@pytest.mark.parametrize(
    "text",
    [
        "category = dress",
        "CATEGORY = 'DRESS'",
        'category = dress and price < 50 and in_stock and brand in ("Zara", \'H&M\') and not (color ~ "blue")',
        "brand = H&M",
        "color ~ red",
        'color ~ "k r"',
        "has(color)",
        "not has(material)",
        "not has(`sleeve length`)",
        "price between 10 and 50",
        "price between 49.5 and 49.5",
        "price >= 49.5 and price <= 49.5 and price > 49 and price < 50 and price != 50",
        "price in (1, 49.5)",
        "price not in (1, 2)",
        "brand = zara or category = dress and price < 50",
        "(brand = zara or category = dress) and price < 50",
        "not not in_stock",
        "in_stock = yes and organic = no",
        "size = 38",
        "size = '38'",
        "size < 40",
        "material != cotton",
        "not material = cotton",
        "id = d-1",
        "title ~ summer",
        "price < 5e1",
    ],
)
def test_what_holds(text: str) -> None:
    assert holds(text)
    assert not holds(f"not ({text})")


@pytest.mark.parametrize(
    "text",
    ["category = dress", "price < 50", "price > 0", "in_stock", "in_stock = no", "color ~ e", "has(price)", "heel = 3"],
)
def test_a_missing_value_satisfies_no_comparison(text: str) -> None:
    assert not holds(text, BARE)
    assert holds(f"not ({text})", BARE)


def test_equal_text_in_other_spelling() -> None:
    cafe = Product("x", brand="Cafe\u0301", attributes={"material": "STRASSE"})
    assert holds("brand = 'CAFÉ'", cafe)
    assert holds("material = straße", cafe)
