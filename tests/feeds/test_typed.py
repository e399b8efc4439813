"""A table reads to the same products from every format, whatever types its columns have."""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.records import Product
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products

words = st.text("abc xyzäß,;\"'>/", min_size=1, max_size=12).filter(str.strip)
cents = st.integers(0, 10**7)
dates = st.dates(datetime.date(1990, 1, 1), datetime.date(2100, 1, 1))

# Types of a column, as Parquet has them, with their values.
NUMBERS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int64(), cents),
    (pa.float64(), cents.map(lambda n: n / 100)),
    (pa.decimal128(12, 2), cents.map(lambda n: Decimal(n) / 100)),
]
PRICES = [*NUMBERS, (pa.string(), cents.map(lambda n: f"{n / 100:.2f} EUR"))]
STOCK = [
    *NUMBERS,
    (pa.bool_(), st.booleans()),
    (pa.string(), st.sampled_from(["in stock", "out_of_stock", "0", "7", "7.0", "preorder"])),
]
OTHERS = [*NUMBERS, (pa.bool_(), st.booleans()), (pa.string(), words), (pa.date32(), dates)]
PICTURES = [
    (pa.string(), st.sampled_from(["a.jpg", "b.jpg|c.jpg", " d.jpg "])),
    (pa.list_(pa.string()), st.lists(st.sampled_from(["a.jpg", "b.jpg", "c,d.jpg"]), min_size=1, max_size=3)),
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A few rows of typed columns; all but ids and pictures may be empty."""
    count = draw(st.integers(1, 4))

    def column(kinds: list[tuple[pa.DataType, st.SearchStrategy[Any]]], empty: bool = True) -> pa.Array:
        kind, values = draw(st.sampled_from(kinds))
        if empty:
            values = st.none() | values
        return pa.array(draw(st.lists(values, min_size=count, max_size=count)), kind)

    text: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [(pa.string(), words)]
    identity = draw(st.sampled_from([pa.int64(), pa.string()]))
    return pa.table(
        {
            "id": pa.array([f"{i:d}" for i in range(count)]).cast(identity),
            "images": column(PICTURES, empty=False),
            "title": column(text),
            "category": column(text),
            "brand": column(text),
            "price": column(PRICES),
            "sale_price": column(PRICES),
            "currency": column([(pa.string(), st.sampled_from(["EUR", "usd"]))]),
            "in_stock": column(STOCK),
            "width": column(OTHERS),
            "note": column(OTHERS),
        }
    )


def write_parquet(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path)


def write_csv(path: Path, table: pa.Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        for row in table.to_pylist():
            writer.writerow(["|".join(cell) if isinstance(cell, list) else cell for cell in row.values()])


def json_rows(table: pa.Table) -> list[dict[str, object]]:
    def plain(cell: object) -> object:
        if isinstance(cell, Decimal):
            return float(cell)
        return cell.isoformat() if isinstance(cell, datetime.date) else cell

    return [{name: plain(cell) for name, cell in row.items()} for row in table.to_pylist()]


def write_json(path: Path, table: pa.Table) -> None:
    path.write_text(json.dumps(json_rows(table), ensure_ascii=False), encoding="utf-8")


def write_lines(path: Path, table: pa.Table) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in json_rows(table)), encoding="utf-8")


def told(path: Path) -> list[Product]:
    """The products; their remarks without the values, since a value stands as 3125.0 in one format, 3125 in another."""
    found = products(read_feed(path))
    return [replace(one, remarks=tuple(replace(each, value="") for each in one.remarks)) for one in found]


@pytest.mark.parametrize(("name", "write"), [
    ("feed.csv", write_csv),
    ("feed.json", write_json),
    ("feed.jsonl", write_lines),
])  # fmt: skip
@settings(max_examples=40)
@given(table=tables())
def test_all_formats_give_the_products_of_parquet(
    tmp_path_factory: pytest.TempPathFactory, name: str, write: Callable[[Path, pa.Table], None], table: pa.Table
) -> None:
    folder = tmp_path_factory.mktemp("typed")
    write_parquet(folder / "feed.parquet", table)
    write(folder / name, table)
    expected = told(folder / "feed.parquet")
    assert len(expected) == table.num_rows
    assert told(folder / name) == expected
