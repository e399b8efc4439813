"""Parquet feeds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import FeedError
from streetshop.core.records import Shot
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, write


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "images": [["a.jpg"], ["b.jpg", "c.jpg"]],
            "price": [9.5, None],
            "weight": [1.25, float("nan")],
            "when": pa.array([None, 0], pa.timestamp("s")),
            "thumb": [b"\0", b"\1"],
        }
    )
    pq.write_table(table, tmp_path / "feed.parquet", row_group_size=1)
    feed = read_feed(tmp_path / "feed.parquet")
    first, second = products(feed)
    assert (feed.kind, feed.rows) == ("Parquet", 2)
    assert (first.id, first.price, first.attributes) == ("1", 9.5, {"weight": 1.25})
    assert (second.price, second.attributes) == (None, {"when": "1970-01-01T00:00:00"})
    assert second.shots == (Shot("b.jpg"), Shot("c.jpg"))


def test_damaged_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["1"] * 1000, "image": ["a.jpg"] * 1000}), tmp_path / "feed.parquet")
    whole = (tmp_path / "feed.parquet").read_bytes()
    for content in (whole[:-20], whole[:4], whole[:60] + bytes(40) + whole[100:]):
        with pytest.raises(FeedError, match="Parquet"):
            list(read_feed(write(tmp_path / "broken.parquet", content)))
