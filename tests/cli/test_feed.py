"""``streetshop feed preview``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.catalog.shop import write_feed
from tests.cli.running import call

ROWS: list[dict[str, object]] = [
    {
        "id": f"p{i}",
        "title": f"Dress {i}",
        "category": "dress",
        "price": "19.99 EUR",
        "image": f"{i}.jpg",
        "Farbe": "rot",
    }
    for i in range(8)
]


def test_the_first_products_as_they_are_understood(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed.csv", ROWS)
    done = call("feed", "preview", feed)
    assert done.code == 0
    assert "CSV, 8 rows" in done.out
    assert done.out.count("Dress ") == 5
    for text in ("19.99 EUR", "dress (by category)", "picture 1", "farbe", "kept as attributes: Farbe"):
        assert text in done.out
    assert "in stock" not in done.out
    report = json.loads(call("feed", "preview", feed, "--json", "-n", "2").out)
    assert [product["row"] for product in report["products"]] == [2, 3]
    assert report["products"][0]["price"] == 19.99
    assert report["products"][0]["shots"] == [{"source": "0.jpg", "sha256": ""}]
    assert {"column": "Farbe", "use": "attribute farbe"} in report["columns"]


def test_options_change_what_is_understood_and_refused_rows_are_said(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,image,sort\na,,Hats\nb,b.jpg,Hats\n")
    done = call("feed", "preview", feed, "--column", "category=sort")
    assert done.code == 0
    assert "hat (by category)" in done.out
    assert "row 2 is refused: no picture" in done.err
    assert "no column for title and price" in done.err


def test_a_feed_without_a_usable_row(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,image\n,a.jpg\n")
    done = call("feed", "preview", feed)
    assert done.code == 1
    assert "row 2 is refused" in done.err
    assert call("feed", "preview", tmp_path / "none.csv").code == 2


def test_text_of_strangers_does_not_reach_the_terminal(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text('id,image,title\n1,a.jpg,"A\x1b[31m\nB"\n')
    assert "\x1b" not in call("feed", "preview", feed).out
