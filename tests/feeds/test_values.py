"""Prices, stock, dates."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.feeds.read import read_feed
from streetshop.feeds.values import as_text
from tests.feeds.reading import products, write


def test_sale_price_counts_only_within_its_dates(tmp_path: Path) -> None:
    text = (
        "id,image,price,sale_price,sale_price_effective_date\n"
        "past,a.jpg,20 EUR,10 EUR,2019-01-01T00:00Z/2019-02-01T00:00Z\n"
        "now,a.jpg,20 EUR,10 EUR,2019-01-01/2999-01-01T00:00+0100\n"
        "always,a.jpg,20 EUR,10 EUR,\n"
        "broken,a.jpg,20 EUR,10 EUR,soon\n"
    )
    feed = read_feed(write(tmp_path / "feed.csv", text))
    found = products(feed)
    assert {p.id: p.price for p in found} == {"past": 20.0, "now": 10.0, "always": 10.0, "broken": 20.0}
    assert [p.id for p in found if p.remarks] == ["broken"]


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
        ("CHF 1'200.-", 1200.0, "CHF"),
        ("CHF 1'200", 1200.0, "CHF"),
        ("USD 5 EUR", None, None),
        ("1e5", None, None),
    ],
)
def test_prices(tmp_path: Path, text: str, price: float | None, currency: str | None) -> None:
    feed = read_feed(write(tmp_path / "feed.tsv", f"id\timage\tprice\n1\ta.jpg\t{text}\n"))
    (product,) = products(feed)
    assert (product.price, product.currency) == (price, currency or "")
    assert [(remark.column, remark.value) for remark in product.remarks] == ([("price", text)] if price is None else [])


@pytest.mark.parametrize(
    ("value", "stock"),
    [
        ("in stock", True),
        ("In_Stock", True),
        ("https://schema.org/InStock", True),
        ("out of stock", False),
        ("preorder", False),
        ("Auf Lager", True),
        ("VERFÜGBAR", True),
        ("nicht verfügbar", False),
        ("en rupture de stock", False),
        ("Épuisé", False),
        ("sí", True),
        ("non disponibile", False),
        ("op voorraad", True),
        ("não", False),
        ("dostępny", True),
        ("0", False),
        ("12", True),
        ("0.0", False),
        ("3.0", True),
        ("-1", False),
        ("-2.0", False),
        ("9" * 5000, True),
        ("FALSE", False),
        ("", None),
    ],
)
def test_availability(tmp_path: Path, value: str, stock: bool | None) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image,availability\n1,a.jpg,{value}\n")))
    assert product.in_stock is stock


@pytest.mark.parametrize(
    ("price", "sale", "expected"),
    [
        ("20 EUR", "10", (10.0, "EUR")),
        ("20 EUR", "10 USD", (10.0, "USD")),
        ("20", "10 USD", (10.0, "USD")),
        ("20", "10", (10.0, "")),
        ("€20", "", (20.0, "EUR")),
        ("", "10 EUR", (10.0, "EUR")),
        ("20 EUR", "0", (20.0, "EUR")),
    ],
)
def test_a_sale_price_without_a_currency_has_that_of_the_regular_one(
    tmp_path: Path, price: str, sale: str, expected: tuple[float, str]
) -> None:
    row = f"id\timage\tprice\tsale_price\n1\ta.jpg\t{price}\t{sale}\n"
    (product,) = products(read_feed(write(tmp_path / "feed.tsv", row)))
    assert (product.price, product.currency) == expected


def test_a_column_with_the_currency_counts_more_than_the_price(tmp_path: Path) -> None:
    text = "id,image,price,sale_price,currency\n1,a.jpg,20 EUR,10 USD,chf\n2,a.jpg,20 EUR,10,\n"
    found = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert [(p.price, p.currency) for p in found] == [(10.0, "CHF"), (10.0, "EUR")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("price", "cheap", "no price"),
        ("price", "-5", "a price below zero"),
        ("in_stock", "perhaps", "it says neither yes nor no"),
        ("url", "javascript:alert(1)", "an address that begins with 'javascript'"),
    ],
)
def test_what_is_not_understood_is_a_remark_and_the_product_goes_in(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image,{column}\n1,a.jpg,{value}\n")))
    assert getattr(product, column) in (None, "")
    (remark,) = product.remarks
    assert (remark.column, remark.value) == (column, value)
    assert remark.reason.startswith(f"{reason}. ")


STOCK = [(0, False), (0.0, False), (3, True), (2.5, True), (-1, False), (True, True), (False, False), (None, None)]


@pytest.mark.parametrize(("value", "stock"), [*STOCK, ("0", False), ("3", True), ("sold out", False)])
def test_stock_in_json(tmp_path: Path, value: object, stock: bool | None) -> None:
    rows = [{"id": 1, "image": "a.jpg", "in_stock": value}]
    for name, text in (("feed.jsonl", json.dumps(rows[0])), ("feed.json", json.dumps(rows))):
        (product,) = products(read_feed(write(tmp_path / name, text)))
        assert product.in_stock is stock


@pytest.mark.parametrize(
    ("kind", "values", "stock"),
    [
        (pa.int64(), [0, 3, -1, None], [False, True, False, None]),
        (pa.uint8(), [0, 255], [False, True]),
        (pa.float32(), [0.0, 3.0, float("nan"), None], [False, True, None, None]),
        (pa.decimal128(9, 2), [Decimal("0.00"), Decimal("3.00")], [False, True]),
        (pa.bool_(), [False, True, None], [False, True, None]),
        (pa.string(), ["0", "3", "out of stock", ""], [False, True, False, None]),
        (pa.dictionary(pa.int8(), pa.string()), ["in stock", "0", None], [True, False, None]),
    ],
)
def test_stock_in_parquet(tmp_path: Path, kind: pa.DataType, values: list[object], stock: list[bool | None]) -> None:
    ids = [str(i) for i in range(len(values))]
    table = pa.table({"id": ids, "image": ["a.jpg"] * len(ids), "availability": pa.array(values, kind)})
    pq.write_table(table, tmp_path / "feed.parquet")
    assert [p.in_stock for p in products(read_feed(tmp_path / "feed.parquet"))] == stock


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7"),
        (-7.0, "-7"),
        (7.5, "7.5"),
        (2.0**53, "9007199254740992.0"),
        (2**80, str(2**80)),
        (True, "true"),
        ([1.0, "b", True], "1, b, true"),
        ("  a\x00b\x7f\ud800 ", "a b"),
        ("a\tb\nc", "a\tb\nc"),
    ],
)
def test_a_title_of_another_type_becomes_text(value: object, text: str) -> None:
    assert as_text(value) == text
