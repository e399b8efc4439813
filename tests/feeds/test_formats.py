"""Files that are no feed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.reading import write


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"id,image\n", "no rows"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (bytes(257) + b"ustar" + bytes(100), "tar archive"),
        (b"<?xml version='1.0'?><rss/>", "no elements that could be products"),
        (b"<!-- x --><!DOCTYPE html><html><p>x</p></html>", "a page in HTML"),
        (b"id,image\n1,a" + b"\0" * 20, "byte 0x00 at offset 12: this is no text file"),
        (b"a" + b"," * 3000 + b"\n1", "3001 columns"),
        (b'"id,image\n1,a', "header is malformed"),
    ],
)
def test_files_that_are_no_feed(tmp_path: Path, content: bytes, text: str) -> None:
    with pytest.raises(FeedError) as caught:
        list(read_feed(write(tmp_path / "feed.csv", content)))
    assert text in str(caught.value)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(["f.csv", "f.tsv", "f.jsonl", "f.json", "f.parquet", "f.xml", "f"]))
def test_any_bytes_raise_nothing_but_feed_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz", numbered=True)
    for content in (
        data,
        b"id,image,price\n" + data,
        b'{"id":1,"image":"a","x":' + data,
        b'[{"id":1,"image":"b"},' + data,
        b"<a><item><id>1</id>" + data,
    ):
        try:
            feed = read_feed(write(folder / name, content))
            rows = list(feed)
        except FeedError:
            continue
        assert feed.rows >= len(rows)
