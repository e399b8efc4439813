"""Requests to a shop that is busy, broken, somewhere else, or refuses."""

from __future__ import annotations

import threading
import time

import pytest

from streetshop.core.errors import SyncError
from streetshop.feeds.shops.client import MAX_ANSWER, TRIES, Client, shop_address
from tests.feeds.shops.stubs import Stub, silent
from tests.feeds.shops.stubs import reply as replied


class Fine(Stub):
    def answer(self, path, query, headers, body):  # type: ignore[no-untyped-def]
        return replied({"fine": True, "query": query}, X_Page="3")


def test_failures_are_tried_again() -> None:
    stub = Fine(failures=[replied({}, 429, Retry_After="0"), replied({}, 503), None, (502, {}, b"<html>")])
    with stub.running() as url:
        client = Client(url, pause=0.01)
        answer = client.get("/x", {"page": 2})
        assert (answer.body, answer.headers["x-page"]) == ({"fine": True, "query": {"page": "2"}}, "3")
        assert len(stub.requests) == 5
        stub.failures = [replied({"message": "over capacity\x1b[31m"}, 500)] * TRIES
        said = silent(lambda: client.get("/x"))
        assert f"failed {TRIES} times (it answered 500: over capacity\\x1b[31m)" in said
        client.close()


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (
            replied({"code": "x", "message": "Consumer key is expired."}, 401),
            "refused the key (401: Consumer key is exp",
        ),
        (replied({"errors": "[API] Invalid API key"}, 403), "refused the key (403: [API] Invalid API key)"),
        ((302, {"Location": "https://elsewhere.example/"}, b""), "redirects to https://elsewhere.example/"),
        ((404, {}, b"<html>secret</html>"), "answered 404. Check"),
        ((200, {}, b"<html>"), "no JSON"),
        ((200, {}, b"[" * 100_000), "no JSON"),
        ((200, {}, b" " * (MAX_ANSWER + 1)), "more than 64 MiB"),
    ],
)
def test_other_answers_are_one_error(failure, says: str) -> None:  # type: ignore[no-untyped-def]
    stub = Fine(failures=[failure])
    with stub.running() as url:
        client = Client(url, auth=("ck_key", "cs_secret"), pause=0.01)
        assert says in silent(lambda: client.get("/x"), "ck_key", "cs_secret", "secret</html>")
        assert len(stub.requests) == 1, "not tried again"


def test_nobody_listens() -> None:
    with Fine().running() as url:
        pass
    assert "failed" in silent(lambda: Client(url, pause=0.01).get("/x"))


def test_a_wait_can_be_stopped() -> None:
    stop = threading.Event()
    stub = Fine(failures=[replied({}, 429, Retry_After="60")])
    with stub.running() as url:
        threading.Timer(0.2, stop.set).start()
        began = time.monotonic()
        assert "stopped" in silent(lambda: Client(url, stop=stop).get("/x"))
        assert time.monotonic() - began < 20


def test_addresses() -> None:
    assert shop_address("shop.example") == "https://shop.example"
    assert shop_address("https://shop.example/wp/") == "https://shop.example/wp"
    assert shop_address("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
    assert shop_address("http://[::1]:80/") == "http://[::1]:80"
    for bad in ("http://shop.example", "ftp://shop.example", "https://user@shop.example", "", "https://", "a b"):
        with pytest.raises(SyncError):
            shop_address(bad)
