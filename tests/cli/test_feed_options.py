"""What the commands that read a feed say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.cli.feed_options import cause_lines, column_lines, parse_columns
from streetshop.core.errors import UsageError
from streetshop.feeds.read import read_feed
from streetshop.feeds.refused import Causes, Refusal


def test_long_lists_are_cut(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,image," + ",".join(f"c{i}" for i in range(30)) + "\n1,a.jpg" + ",x" * 30 + "\n")
    (line,) = [line for line in column_lines(read_feed(feed)) if "attributes" in line]
    assert line.endswith("c19 and 10 more")


def test_the_commonest_reasons_come_first() -> None:
    causes = Causes()
    for number in range(12):
        for _ in range(number + 1):
            causes.add(Refusal(number, "", "", f"{'abcdefghijkl'[number]} is wrong" + "!" * 1000))
    lines = cause_lines(causes)
    assert len(lines) == 10
    assert lines[1].startswith("  12 x l is wrong!")
    assert len(lines[1]) < 300
    assert lines[-1] == "  10 x further reasons"


def test_columns_are_parsed() -> None:
    assert parse_columns(["a=b", "c = d=e"]) == {"a": "b", "c": "d=e"}
    for bad in (["a"], ["=b"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(UsageError):
            parse_columns(bad)
