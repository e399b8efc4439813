"""Read feeds in tests."""

from __future__ import annotations

from pathlib import Path

from streetshop.core.records import Product
from streetshop.feeds.read import Feed, FeedRow
from streetshop.feeds.refused import Refusal


def products(feed: Feed) -> list[Product]:
    return [row.product for row in feed if isinstance(row, FeedRow)]


def refusals(feed: Feed) -> list[Refusal]:
    return [row for row in feed if isinstance(row, Refusal)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
