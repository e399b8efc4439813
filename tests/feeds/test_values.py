"""Prices, stock, dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write


def test_sale_price_counts_only_within_its_dates(tmp_path: Path) -> None:
    text = (
        "id,image,price,sale_price,sale_price_effective_date\n"
        "past,a.jpg,20 EUR,10 EUR,2019-01-01T00:00Z/2019-02-01T00:00Z\n"
        "now,a.jpg,20 EUR,10 EUR,2019-01-01/2999-01-01T00:00+0100\n"
        "always,a.jpg,20 EUR,10 EUR,\n"
        "broken,a.jpg,20 EUR,10 EUR,soon\n"
    )
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert {p.id: p.price for p in products(feed)} == {"past": 20.0, "now": 10.0, "always": 10.0}
    assert [r.id for r in refusals(feed)] == ["broken"]


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [
        ("19.99 USD", 19.99, "USD"),
        ("usd 19.99", 19.99, "USD"),
        ("19,99 €", 19.99, "EUR"),
        ("€1.299,00", 1299.0, "EUR"),
        ("$1,299.50", 1299.5, "USD"),
        ("1,299", 1299.0, ""),
        ("1 299,5 PLN", 1299.5, "PLN"),
        ("1.299.000", 1299000.0, ""),
        ("CHF 1'200.-", None, None),
        ("CHF 1'200", 1200.0, "CHF"),
        ("USD 5 EUR", None, None),
        ("1e5", None, None),
    ],
)
def test_prices(tmp_path: Path, text: str, price: float | None, currency: str | None) -> None:
    feed = read_feed(write(tmp_path / "feed.tsv", f"id\timage\tprice\n1\ta.jpg\t{text}\n"))
    if price is None:
        assert "is no price" in refusals(feed)[0].reason
    else:
        (product,) = products(feed)
        assert (product.price, product.currency) == (price, currency)


@pytest.mark.parametrize(
    ("value", "stock"),
    [
        ("in stock", True),
        ("In_Stock", True),
        ("https://schema.org/InStock", True),
        ("out of stock", False),
        ("preorder", False),
        ("0", False),
        ("12", True),
        ("FALSE", False),
        ("", None),
    ],
)
def test_availability(tmp_path: Path, value: str, stock: bool | None) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image,availability\n1,a.jpg,{value}\n")))
    assert product.in_stock is stock
