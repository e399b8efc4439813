"""Rows of shops' APIs."""

from __future__ import annotations

from typing import Any

import pytest

from streetshop.feeds.nested import flat_row


@pytest.mark.parametrize(
    ("value", "simple"),
    [
        ({"value": "19.99", "currency": "USD"}, "19.99 USD"),
        ({"amount": 10.5, "currencyCode": "CAD", "__typename": "MoneyV2"}, "10.5 CAD"),
        ({"amountMicros": "29990000", "currencyCode": "EUR"}, "29.990000 EUR"),
        ({"type": "centPrecision", "centAmount": 4200, "fractionDigits": 2, "currencyCode": "EUR"}, "42.00 EUR"),
        ({"centAmount": 4200, "fractionDigits": 0, "currencyCode": "JPY"}, "4200 JPY"),
        ({"value": None, "currency": "USD"}, ""),
        ({"id": 3, "name": "Dresses", "slug": "dresses"}, "Dresses"),
        ([{"id": 3, "name": "Dresses"}, {"id": 4, "name": "Sale"}], ["Dresses", "Sale"]),
        ({"edges": [{"node": {"url": "a"}}], "pageInfo": {}}, [{"url": "a"}]),
        ({"nodes": [{"url": "a"}]}, [{"url": "a"}]),
        ({"name": "x", "colour": "red"}, {"name": "x", "colour": "red"}),
        ({"value": True, "currency": "USD"}, {"value": True, "currency": "USD"}),
    ],
)
def test_values(value: object, simple: object) -> None:
    assert flat_row({"x": value}) == {"x": simple}


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"node": {"id": 1, "title": "T"}, "cursor": "c"}, {"id": 1, "title": "T"}),
        ({"id": 1, "attributes": {"id": 2, "name": "N"}}, {"id": 1, "name": "N"}),
        (
            {"offers": {"price": "9", "priceCurrency": "EUR", "availability": "InStock"}},
            {"price": "9", "currency": "EUR"},
        ),
        ({"priceRange": {"minVariantPrice": {"amount": "5", "currencyCode": "EUR"}}}, {"price": "5 EUR"}),
        (
            {"variants": [{"price": "9.00", "available": False}, {"price": "7.00", "available": True}]},
            {"price": "7.00"},
        ),
        ({"variants": [{"price": "9.00", "available": False}]}, {"availability": False}),
        ({"variants": [{"price": "unknown"}, {"price": "7.00"}]}, {"price": "unknown"}),
        ({"price": "3", "variants": [{"price": "9.00"}]}, {"price": "3"}),
        ({"variants": [1, "x", None]}, {}),
        ({"variants": [{"price": "NaN"}, {"price": None}, {"price": {}}]}, {}),
    ],
)
def test_rows(row: dict[str, Any], part: dict[str, Any]) -> None:
    found = flat_row(row)
    assert {name: found.get(name) for name in part} == part


def test_flat_rows_stay() -> None:
    row = {"id": 1, "title": "x", "tags": ["a"]}
    assert flat_row(row) == row


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"category": {"id": 5, "name": "Shoes", "image": "https://x.example/dress.jpg"}}, {"category": "Shoes"}),
        ({"categories": [{"id": 1, "name": "Tops", "count": {"a": 1}}, {"id": 9}]}, {"categories": ["Tops"]}),
        ({"brand": {"data": {"x": 1}, "label": "Acme"}}, {"brand": "Acme"}),
        ({"title": {"de": "Rock", "en-GB": "Skirt"}}, {"title": "Skirt"}),
        ({"name": {"fr": "Jupe", "it": None}}, {"name": "Jupe"}),
        ({"category": {"typeId": "category", "id": "cf6d"}}, {"category": None}),
        ({"product_type": {"name": {"en": "Skirts", "de": "R\u00f6cke"}, "id": 1}}, {"product_type": "Skirts"}),
        (
            {"id": "a", "masterData": {"current": {"masterVariant": {"sku": "1"}, "variants": [{"sku": "2"}]}}},
            {"id": "a", "variants": [{"sku": "1"}, {"sku": "2"}]},
        ),
    ],
)
def test_names_in_objects_and_languages(row: dict[str, Any], part: dict[str, Any]) -> None:
    found = flat_row(row)
    assert {name: found.get(name) for name in part} == part
