"""Exports of shop systems, as their public documentation lays them out, with made-up products."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from streetshop.core.records import Product
from streetshop.feeds.read import Feed, FeedRow, read_feed
from streetshop.feeds.states import LeftOut


def export(header: str, *rows: dict[str, str]) -> str:
    """A CSV file with a header and rows, whose other cells are empty."""
    names = header.split(",")
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def read(folder: Path, text: str, name: str = "feed.csv", **options: object) -> Feed:
    """The feed of a text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_feed(path, **options)  # type: ignore[arg-type]


def found(feed: Feed) -> dict[str, Product]:
    """The products by id; nothing may be refused."""
    rows = list(feed)
    assert all(isinstance(row, FeedRow | LeftOut) for row in rows), rows
    return {row.product.id: row.product for row in rows if isinstance(row, FeedRow)}


def left_out(feed: Feed) -> dict[str, str]:
    """The reasons of products that are not for sale, by id."""
    return {row.id: row.reason for row in feed if isinstance(row, LeftOut)}


def pictures(product: Product) -> list[str]:
    """The sources of its pictures."""
    return [shot.source for shot in product.shots]
