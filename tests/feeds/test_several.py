"""Several files as one feed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write


def test_files_of_one_export(tmp_path: Path) -> None:
    one = write(tmp_path / "export_1.csv", "id,title,image\n1,A,a.jpg\n2,B\n")
    two = write(tmp_path / "export_2.csv", "id,image,title,colour\n3,c.jpg,C,red\n1,d.jpg,Again,blue\n")
    feed = read_feed([one, two])
    assert (feed.kind, feed.rows, feed.root) == ("CSV", 4, tmp_path)
    found = products(feed)
    assert [(product.id, product.title) for product in found] == [("1", "A"), ("3", "C")]
    assert found[1].attributes["colour"] == "red"
    reasons = [refusal.reason for refusal in refusals(feed)]
    assert reasons[0].startswith("export_1.csv: 2 cells")
    assert "occurred before, in row 2" in reasons[1]
    assert [product.id for product in products(feed)] == ["1", "3"]


def test_files_of_different_forms(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "a.csv", "id,image\n1,a.jpg\n"),
        write(tmp_path / "b.jsonl", '{"id": 2, "image": "b.jpg", "price": 3}\n'),
        tmp_path / "c.parquet",
    ]
    pq.write_table(pa.table({"id": ["3"], "image": ["c.jpg"]}), paths[2])
    feed = read_feed(paths)
    assert feed.kind == "CSV and JSON lines and Parquet"
    assert [product.id for product in products(feed)] == ["1", "2", "3"]


def test_parquet_files_with_their_columns(tmp_path: Path) -> None:
    for name in "ab":
        pq.write_table(pa.table({"id": [name], "image": [f"{name}.jpg"], name: [1]}), tmp_path / f"{name}.parquet")
    feed = read_feed([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert [dict(product.attributes) for product in products(feed)] == [{"a": 1.0}, {"b": 1.0}]


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", "id,image\n1,a.jpg\n")
    (tmp_path / "other").mkdir()
    two = write(tmp_path / "other" / "b.csv", "id,image\n1,a.jpg\n")
    for paths, reason in (
        ([one, two], "different folders"),
        ([one, one], "named twice"),
        ([one, tmp_path / "other"], "a folder"),
    ):
        with pytest.raises(FeedError, match=reason):
            read_feed(paths)
    with pytest.raises(FeedError, match="no such file"):
        read_feed([one, tmp_path / "missing.csv"])
