"""Parquet feeds."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import FeedError
from streetshop.core.records import Shot
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write


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


def repeated(value: str, times: int) -> pa.Array:
    """A column that holds one value many times, which takes a few bytes in the file."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(times, np.int32)), pa.array([value]))


def test_many_rows_in_a_small_file_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    many = 6_000_000
    pq.write_table(pa.table({"id": repeated("1", many), "image": repeated("a.jpg", many)}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    with pytest.raises(FeedError, match=r"more than 5000000 rows.*--max-rows"):
        read_feed(path)


def test_rows_are_made_few_at_a_time_if_their_texts_are_long(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    ids = pa.array([str(i) for i in range(600)])
    texts = pa.chunked_array([repeated("y" * 60_000, 598), repeated("y" * 5_000_000, 2)]).unify_dictionaries()
    pq.write_table(pa.table({"id": ids, "image": repeated("a.jpg", 600), "text": texts}), path)
    assert path.stat().st_size < 1_000_000
    feed = read_feed(path)
    tracemalloc.start()
    try:
        assert len(products(feed)) == 598
        assert tracemalloc.get_traced_memory()[1] < 100e6  # all at once would be 16 GB
    finally:
        tracemalloc.stop()
    assert [(r.row, r.reason.partition(".")[0]) for r in refusals(feed)] == [
        (599, "more than 4194304 characters"),
        (600, "more than 4194304 characters"),
    ]


def test_a_list_that_is_repeated_without_end(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"

    def write_lists(length: int) -> None:
        offsets = pa.array([0, 1, length + 1], pa.int32())
        pictures = pa.ListArray.from_arrays(offsets, repeated("a.jpg", length + 1))
        pq.write_table(pa.table({"id": ["1", "2"], "image": pictures}), path)

    write_lists(1_000_000)
    feed = read_feed(path)
    assert [product.id for product in products(feed)] == ["1"]
    assert [r.row for r in refusals(feed)] == [2]
    write_lists(20_000_000)
    assert path.stat().st_size < 2000
    with pytest.raises(FeedError, match="row group 0 has 20000001 values"):
        read_feed(path)


def test_texts_inside_lists_structures_and_maps(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["1", "2", None],
            "image": pa.array([["a.jpg", "b.jpg"], ["c.jpg"], None], pa.list_(pa.large_string())),
            "maker": pa.array([{"city": "Rome"}, None, {"city": None}], pa.struct({"city": pa.string()})),
            "sizes": pa.array([[("S", "1")], [], None], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "feed.parquet")
    first, second = products(read_feed(tmp_path / "feed.parquet"))
    assert first.attributes["maker"] == '{"city": "Rome"}'
    assert first.shots == (Shot("a.jpg"), Shot("b.jpg"))
    assert "sizes" not in second.attributes


def test_too_many_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{i}": [1] for i in range(2001)}), tmp_path / "feed.parquet")
    with pytest.raises(FeedError, match=r"2001 columns. At most 2000"):
        read_feed(tmp_path / "feed.parquet")
