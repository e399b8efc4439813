"""Photos that cost a server time or memory: refused, ended, and never in the way of other searches."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from streetshop.core.decoding.pool import DecodePool, Decoding
from streetshop.web import Settings
from tests.catalog.filled import square
from tests.core.decoding.processes import decoders
from tests.core.pictures.hostile import many_scans
from tests.web.serving import KEY, Running, multipart, png, running

SLOW = many_scans(8000, 8000, 64)
"""A second of work, and within the limits of a header."""


def searches(up: Running) -> bool:
    with up.client() as client:
        return client.post("/v1/search", files={"photo": png(square("red"))}, data={"k": "1"}).status_code == 200


def test_hundreds_of_scans_are_refused_wherever_a_picture_is_taken(server: Running) -> None:
    attack = many_scans(8000, 8000, 300)
    with server.client() as client:
        for answer in (
            client.post("/v1/search", files={"photo": attack}),
            client.post("/v1/look", files={"photo": attack}),
            client.put(
                "/v1/products/new",
                files={"product": (None, '{"title": "New"}'), "pictures": attack},
                headers={"X-API-Key": KEY},
            ),
        ):
            assert answer.status_code == 422
            assert answer.json()["type"] == "urn:streetshop:problem:photo-too-costly"
            assert "64 scans" in answer.json()["detail"]
            assert answer.json()["hint"]
    assert searches(server)


def test_a_photo_that_takes_too_long_is_refused_while_others_are_answered(shop) -> None:
    with running(*shop, settings=Settings(decode_seconds=0.2)) as up, ThreadPoolExecutor(3) as pool, up.client() as own:
        slow = [pool.submit(own.post, "/v1/search", files={"photo": SLOW}) for _ in range(3)]
        for future in slow:
            answer = future.result()
            assert answer.status_code == 422
            assert answer.json()["type"] == "urn:streetshop:problem:photo-too-costly"
            assert "more than 0.2 s" in answer.json()["detail"]
    with running(*shop) as up:
        assert searches(up)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_client_that_hangs_up_ends_its_decoding(shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six clients that are gone, nothing is decoded any more: neither what ran nor what waited."""
    submitted: list[Decoding] = []
    submit = DecodePool.submit

    def recorded(pool: DecodePool, data: bytes, **options: Any) -> Decoding:
        submitted.append(submit(pool, data, **options))
        return submitted[-1]

    monkeypatch.setattr(DecodePool, "submit", recorded)
    others = decoders()
    body, kind = multipart({}, [("photo", SLOW)])
    request = (
        f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with running(*shop) as up:
        assert searches(up)
        before = decoders() - others
        gone = [up.connect() for _ in range(6)]
        for connection in gone:
            connection.sendall(request.encode() + body)
        deadline = time.monotonic() + 30
        while up.state.queue.photos.admitted < 6 and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)
        for connection in gone:
            connection.close()
        while up.state.queue.photos.admitted and time.monotonic() < deadline:
            time.sleep(0.005)
        assert up.state.queue.photos.admitted == 0
        while before <= decoders() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert not before <= decoders()  # the one that decoded was ended
        wait(submitted, 60)
        assert sum(not one.cancelled() and one.exception() is None for one in submitted[1:]) == 0
        assert searches(up)
        with up.client() as client:
            assert "streetshop_searches_cancelled_total 6.0" in client.get("/metrics").text
    assert decoders() <= others
