"""Feeds at addresses, fetched from a server on this machine."""

from __future__ import annotations

import functools
import http.server
import ipaddress
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from streetshop.feeds.spool import Spool
from streetshop.indexing.feed_address import fetch_feed, is_address
from tests.feeds.reading import products


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "shop feed.csv").write_text("id,image\n1,img/a.jpg\n", encoding="utf-8")
    handler = functools.partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://shop.example:{found.server_address[1]}"
        found.shutdown()


def _fetch(url: str, spool: Spool) -> Path:
    there = [ipaddress.ip_address("127.0.0.1")]
    return fetch_feed(url, spool, policy=lambda address: None, resolve=lambda host, port: there)


def test_a_feed_is_fetched_to_a_file(server: str) -> None:
    spool, url = Spool(), f"{server}/shop%20feed.csv?key=1"
    path = _fetch(url, spool)
    assert path.name == "shop_feed.csv"
    feed = read_feed(path, base=url, spool=spool)
    assert [product.shots[0].source for product in products(feed)] == ["img/a.jpg"]
    assert feed.base == url


def test_what_cannot_be_fetched_is_one_error(server: str) -> None:
    with pytest.raises(FeedError, match="answered 404"):
        _fetch(f"{server}/missing.csv", Spool())
    with pytest.raises(FeedError, match="loopback"):
        fetch_feed("http://127.0.0.1/feed.csv", Spool())


def test_addresses() -> None:
    assert is_address("HTTPS://shop.example/feed.csv")
    assert not is_address("shop/https.csv")
