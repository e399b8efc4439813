"""Feeds from standard input."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from streetshop.feeds.spool import Spool, standard_input
from tests.feeds.mutated import valid_feeds
from tests.feeds.reading import products


class Input(io.TextIOWrapper):
    def __init__(self, content: bytes, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content))
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".xml", ".parquet"])
def test_the_form_is_told_by_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Input(valid_feeds()[suffix][0]))
    feed = read_feed("-")
    assert len(products(feed)) == len(products(feed)) == 40
    assert feed.root == tmp_path


def test_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b"", terminal=True))
    with pytest.raises(FeedError, match="terminal"):
        standard_input(Spool())


def test_the_file_is_removed_with_its_folder() -> None:
    spool = Spool()
    path = spool.take(io.BytesIO(b"id"), "feed")
    assert path.read_bytes() == b"id"
    del spool
    assert not path.exists()
