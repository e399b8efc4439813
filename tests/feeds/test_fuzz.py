"""Damaged feeds of every format give products and refused rows, or one typed error, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streetshop.catalog.lance.rows import product_json
from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.mutated import mutated, valid_feeds
from tests.feeds.reading import products, refusals, write

TEXT = [(suffix, index) for suffix, all_ in valid_feeds().items() for index in range(len(all_)) if suffix != ".parquet"]


@pytest.mark.parametrize(("suffix", "index"), [*TEXT, *((".parquet", i) for i in range(6))])
def test_the_undamaged_feeds_are_read(tmp_path: Path, suffix: str, index: int) -> None:
    feed = read_feed(write(tmp_path / f"feed{suffix}", valid_feeds()[suffix][index]))
    assert len(products(feed)) == 40
    assert refusals(feed) == []


@pytest.mark.parametrize(("suffix", "index"), [*TEXT, (".parquet", 0)])
def test_a_feed_that_is_read_twice_gives_the_same_rows_to_the_byte(tmp_path: Path, suffix: str, index: int) -> None:
    path = write(tmp_path / f"feed{suffix}", valid_feeds()[suffix][index])
    first, again = ([product_json(product).encode() for product in products(read_feed(path))] for _ in range(2))
    assert first == again
    feed = read_feed(path)
    assert list(feed) == list(feed)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(TEXT), st.integers(0, 2**32))
@example((".json", 0), 7)
def test_damaged_text_feeds(tmp_path_factory: pytest.TempPathFactory, kind: tuple[str, int], seed: int) -> None:
    suffix, index = kind
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(mutated(valid_feeds()[suffix][index], seed))
    tracemalloc.start()
    try:
        feed = read_feed(path)
        assert len(list(feed)) <= feed.rows
    except FeedError as error:
        assert len(str(error).splitlines()) == 1
        assert str(path) in str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 32e6


IN_PARQUET = """
import sys
from pathlib import Path
from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.mutated import mutated, valid_feeds
path = Path(sys.argv[1])
read = 0
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    files = valid_feeds()[".parquet"]
    path.write_bytes(mutated(files[seed % len(files)], seed))
    try:
        feed = read_feed(path)
        assert len(list(feed)) <= feed.rows
        read += 1
    except FeedError as error:
        assert str(path) in str(error), error
print("read", read)
"""


@pytest.mark.slow
def test_damaged_parquet_feeds(tmp_path: Path) -> None:
    """In a process of its own: Arrow ends the process on some damaged files, which must happen to its child alone."""
    command = [sys.executable, "-c", IN_PARQUET, str(tmp_path / "damaged.parquet"), "0", "40"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("read")
