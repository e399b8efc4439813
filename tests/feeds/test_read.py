"""Whole feeds: options, repeated ids, real ones."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.core.records import Product, Shot
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write


def test_public_clothing_set(data_root: Path) -> None:
    feed = read_feed(
        data_root / "clothing" / "images.csv", columns={"category": "label"}, image_template="images/{}.jpg"
    )
    found = products(feed)
    assert feed.rows == len(found) == 4853
    assert all((feed.root / product.shots[0].source).is_file() for product in found[:50])
    assert {"T-Shirt", "Dress", "Pants"} <= {product.category for product in found}
    assert set(found[0].attributes) == {"sender_id", "kids"}
    assert isinstance(found[0].attributes["kids"], bool)
    assert isinstance(found[0].attributes["sender_id"], str)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"columns": {"id": "nope"}}, "there is no column 'nope'; there are id, image"),
        ({"image_template": "images/"}, "names no value"),
        ({"image_template": "{}/{title}"}, "names 'title'"),
        ({"encoding": "klingon"}, "no encoding called 'klingon'"),
        ({"encoding": "hex"}, "no encoding called 'hex'"),
        ({"encoding": "utf\0"}, "no encoding called"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, object], text: str) -> None:
    path = write(tmp_path / "feed.csv", "id,image\n1,a.jpg\n")
    with pytest.raises(FeedError) as caught:
        read_feed(path, **options)  # type: ignore[arg-type]
    assert text in str(caught.value)


def test_paths_that_are_no_feed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, text in (
        (tmp_path / "missing.csv", "no such file"),
        (tmp_path / "empty", "no pictures"),
        (Path("a\0b"), "no such file"),
        (tmp_path / ("x" * 300), "no such file"),
    ):
        with pytest.raises(FeedError) as caught:
            read_feed(path)
        assert text in str(caught.value)
    with pytest.raises(FeedError, match="no columns"):
        read_feed(tmp_path / "empty", columns={"id": "a"})


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path, kind in (
            (tmp_path / "pipe.csv", "a pipe"),
            (tmp_path / "link.csv", "a pipe"),
            (tmp_path / "socket", "a socket"),
            (Path("/dev/zero"), "a device"),
        ):
            with pytest.raises(FeedError, match=f"this is {kind}.*Save it to a file first"):
                read_feed(path)
    with pytest.raises(FeedError, match="the name of the feed is empty"):
        read_feed("")


def test_rows_have_a_limit_and_progress(tmp_path: Path) -> None:
    rows = [(str(i), f"{i}.jpg") for i in range(2500)]
    texts = {
        "feed.csv": "id,image\n" + "".join(f"{i},{name}\n" for i, name in rows),
        "feed.jsonl": "".join(json.dumps({"id": i, "image": name}) + "\n" for i, name in rows),
        "feed.json": json.dumps([{"id": i, "image": name} for i, name in rows]),
    }
    for name, text in texts.items():
        path, shown = write(tmp_path / name, text), list[int]()
        assert read_feed(path, max_rows=2500, progress=shown.append).rows == 2500
        assert shown[-2:] == [1000, 2000]
        with pytest.raises(FeedError, match=r"more than 2499 rows.*--max-rows"):
            read_feed(path, max_rows=2499)


def test_duplicate_ids_name_the_first_row(tmp_path: Path) -> None:
    text = "id,title,image\n1,A,a.jpg\n2,B,b.jpg\n1,A,c.jpg\n2,C,d.jpg\n3,C,e.jpg\n3,D,f.jpg\n3,C,e.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert [p.id for p in products(feed)] == ["1", "2", "3"]
    assert [(r.row, r.id, r.image, r.reason.partition(".")[0]) for r in refusals(feed)] == [
        (4, "1", "c.jpg", "the id occurred before, in row 2"),
        (5, "2", "d.jpg", "the id occurred before, in row 3"),
        (7, "3", "f.jpg", "the id occurred before, in row 6"),
        (8, "3", "e.jpg", "the id occurred before, in row 6"),
    ]


def test_rows_that_only_add_pictures_are_one_product(tmp_path: Path) -> None:
    text = "id,title,price,image\n1,A,5,a.jpg\n1,,,b.jpg\n1,A,5,c.jpg\n2,B,,d.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    first, second = products(feed)
    assert first == Product(id="1", title="A", price=5.0, shots=(Shot("a.jpg"), Shot("b.jpg"), Shot("c.jpg")))
    assert second.id == "2"
    assert refusals(feed) == []
