"""Paths that are read and paths that are not."""

from __future__ import annotations

import http.server
import ipaddress
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from streetshop.core.decoding.pool import DecodePool
from streetshop.core.errors import (
    PhotoError,
    RowRefused,
)
from streetshop.feeds.read import read_feed
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.indexing.pictures import Pictures
from streetshop.models import Encoder
from tests.catalog.shop import draw_picture, write_feed
from tests.core.pictures.hostile import many_scans
from tests.indexing.shops import Shop, counts


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A feed's folder with a secret picture beside it."""
    folder = tmp_path / "feed"
    draw_picture(folder / "in.png", 1)
    draw_picture(tmp_path / "secret.png", 2)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "inner.png").symlink_to(folder / "in.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "pictures.zip").write_bytes(b"PK\x03\x04")
    return folder


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("../secret.png", "with '..'"),
        ("x/../../secret.png", "with '..'"),
        ("/etc/passwd", "as an absolute path"),
        ("link.png", "through a link"),
        ("up/secret.png", "through a link"),
        ("a\0.png", "is no path"),
        ("a\n.png", "is no path"),
        ("x" * 5000, "is no path"),
        ("x" * 300, "cannot be read"),
        ("loop.png", "cannot be read"),
        ("pictures.zip", "is an archive"),
        ("pictures.zip/a.png", "is an archive"),
        ("ｉｎ.png", "no such file"),  # wide letters are other letters
        ("..／secret.png", "no such file"),  # and a wide slash is no slash
        (".", "no such file"),
        ("", "no such file"),
        ("file:///etc/passwd", "file: addresses are not read"),
        ("data:image/png;base64,AAAA", "data: addresses are not read"),
        ("s3://bucket/a.png", "s3: addresses are not read"),
        ("https://shop.example/a.png", "Allow it with --fetch"),
    ],
)
def test_paths_that_leave_the_folder_and_addresses_are_refused(outside: Path, source: str, text: str) -> None:
    with pytest.raises((RowRefused, PhotoError, Exception)) as caught:
        Pictures(outside).read(source)
    assert text in str(caught.value)
    assert "Error" not in type(caught.value).__name__ or isinstance(caught.value, PhotoError)


def test_paths_inside_the_folder_and_allowed_ones_outside(outside: Path, tmp_path: Path) -> None:
    inside, secret = (outside / "in.png").read_bytes(), (tmp_path / "secret.png").read_bytes()
    for source in ("in.png", "./in.png", "x/../in.png", "inner.png", str(outside / "in.png")):
        assert Pictures(outside).read(source) == inside
    for source in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        assert Pictures(outside, allow_outside=True).read(source) == secret


def test_folder_feed_refuses_links_out_of_it(outside: Path, encoder: Encoder) -> None:
    shop = Shop(outside, encoder)
    shop.feed = outside
    report = index_feed(read_feed(outside), str(outside.parent / "c"), encoder, options=IndexOptions(optimize=False))
    assert set(open_catalog(str(outside.parent / "c")).ids()) == {"in", "inner"}
    assert report.ingest.refused == 4  # link, loop, up, the archive


@pytest.fixture
def picture_server(tmp_path: Path) -> Iterator[int]:
    draw_picture(tmp_path / "served" / "a.png", 5)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_pictures_are_fetched_when_allowed(shop: Shop, picture_server: int) -> None:
    url = f"http://pictures.example:{picture_server}/"
    write_feed(shop.feed, [{"id": "a", "image_link": url + "a.png"}, {"id": "b", "image_link": url + "b.png"}])
    assert counts(shop.index()) == (0, 0, 0, 2, 0)
    assert "--fetch" in shop.refused()[0][3]
    loopback = ipaddress.ip_address("127.0.0.1")
    fetcher = Fetcher(policy=lambda address: None, resolve=lambda host, port: [loopback])
    assert counts(shop.index(fetcher=fetcher)) == (1, 0, 0, 1, 1)
    assert shop.product("a").shots[0].source == url + "a.png"
    assert "answered 404" in shop.refused()[0][3]
    assert counts(shop.index(fetcher=fetcher)) == (0, 0, 1, 1, 0)
    fetcher.close()
    with pytest.raises(RuntimeError):
        fetcher.fetch(url)


def test_hostile_pictures_are_refused_and_the_rest_is_indexed(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by the header, or when the time is up; a run neither stops nor stalls."""
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "scans.jpg").write_bytes(many_scans(8000, 8000, 300))
    (folder / "slow.jpg").write_bytes(many_scans(8000, 8000, 64))
    shop = Shop(tmp_path, encoder)
    shop.feed = folder
    with monkeypatch.context() as patched:
        patched.setattr("streetshop.indexing.index.DecodePool", partial(DecodePool, seconds=0.1))
        report = shop.index()
    assert report.ingest.complete
    reasons = {row[1]: row[3] for row in shop.refused() if row[2]}
    assert "more than 64 scans" in reasons["scans"]
    assert "more than 0.1 s" in reasons["slow"]
    for i in range(6):
        draw_picture(folder / f"good-{i}.png", i)
    shop.index()
    assert set(shop.open().ids()) == {f"good-{i}" for i in range(6)}
    reasons = {row[1]: row[3] for row in shop.refused() if row[2]}
    assert reasons.keys() == {"scans", "slow"}
    assert "one colour" in reasons["slow"]
