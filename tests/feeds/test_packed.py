"""Feeds packed with gzip, whole, cut off, damaged and made to harm."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.packed import plain_suffix
from streetshop.feeds.read import read_feed
from tests.feeds.mutated import valid_feeds
from tests.feeds.reading import products, refusals, write


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".xml"])
def test_every_form_of_text_is_unpacked(tmp_path: Path, suffix: str) -> None:
    for content in valid_feeds()[suffix]:
        feed = read_feed(write(tmp_path / f"feed{suffix}.gz", gzip.compress(content)))
        assert len(products(feed)) == 40
        assert refusals(feed) == []


def test_damaged_ones_are_refused(tmp_path: Path) -> None:
    data = gzip.compress(valid_feeds()[".csv"][0])
    for damaged, text in ((data[:-12], "ends early"), (data[:60] + b"\xff" * 20 + data[80:], "is damaged")):
        with pytest.raises(FeedError, match=text):
            read_feed(write(tmp_path / "feed.csv.gz", damaged))
    with pytest.raises(FeedError, match="gzip file inside"):
        read_feed(write(tmp_path / "feed.csv.gz", gzip.compress(data)))
    with pytest.raises(FeedError, match="Parquet file inside"):
        read_feed(write(tmp_path / "feed.gz", gzip.compress(valid_feeds()[".parquet"][0])))


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"id,image\n" + b"a" * 80_000_000, 9)
    with pytest.raises(FeedError, match="unpacks to more than"):
        read_feed(write(tmp_path / "feed.csv.gz", packed))


def test_the_suffix_of_what_is_packed() -> None:
    assert plain_suffix(Path("a/Feed.TSV.gz")) == ".tsv"
    assert plain_suffix(Path("feed.csv")) == ".csv"
