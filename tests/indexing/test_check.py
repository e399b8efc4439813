"""Checking a feed changes nothing and sees what indexing would refuse."""

from __future__ import annotations

import threading
from pathlib import Path

from streetshop.feeds.read import read_feed
from streetshop.feeds.refused import Refusal
from streetshop.indexing.check import check_feed
from streetshop.indexing.pictures import Pictures
from tests.catalog.shop import write_feed, write_shop
from tests.indexing.shops import Shop


def check(path: Path, **options):  # type: ignore[no-untyped-def]
    refused: list[Refusal] = []
    feed = read_feed(path)
    return check_feed(feed, Pictures(feed.root), refuse=refused.append, **options), refused


def test_a_check_agrees_with_indexing(shop: Shop) -> None:
    write_shop(shop.folder, 6)
    (shop.folder / "images" / "1.png").write_bytes(b"GIF89a")
    whole = (shop.folder / "images" / "2.png").read_bytes()
    (shop.folder / "images" / "3.png").write_bytes(whole[:20])
    rows: list[dict[str, object]] = [{"id": f"p{i}", "image": f"images/{i}.png", "price": 1} for i in range(6)]
    rows += [{"id": "p0", "image": "images/4.png", "price": 2}, {"id": "", "image": "images/5.png", "price": 2}]
    rows.append({"id": "out", "image": "../x.png", "price": 2})
    rows.append({"id": "some", "image": "images/0.png|images/none.png", "price": 2})
    write_feed(shop.feed, rows)
    report, refused = check(shop.feed)
    done = shop.index().ingest
    assert report.usable == done.added == 5
    assert (report.refused, report.refused_pictures) == (done.refused, done.refused_pictures)
    assert {(r.row, r.image) for r in refused} == {(int(row), image) for row, _, image, _ in shop.refused()}


def test_addresses_are_checked_and_not_fetched(shop: Shop) -> None:
    rows = ["https://shop.example/a.jpg", "http://127.1/a.jpg", "file:///etc/passwd"]
    write_feed(shop.feed, [{"id": i, "image": address} for i, address in enumerate(rows)])
    report, refused = check(shop.feed, fetch=True)
    assert (report.usable, report.addresses, report.refused) == (1, 1, 2)
    report, refused = check(shop.feed)
    assert (report.usable, report.addresses) == (0, 0)
    assert "--fetch" in refused[0].reason


def test_a_check_can_be_interrupted(shop: Shop) -> None:
    write_shop(shop.folder, 4)
    stop = threading.Event()
    stop.set()
    report, _ = check(shop.feed, stop=stop)
    assert (report.complete, report.rows) == (False, 1)
