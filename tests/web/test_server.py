"""The process that listens: limits of a request's header."""

from __future__ import annotations

import pytest

from streetshop.core.pictures.limits import PhotoLimits
from streetshop.web import Settings
from streetshop.web import server as server_module
from tests.web.serving import BandReader, Running, png, read_answer, running, street

SMALL = Settings(
    photo=PhotoLimits(max_bytes=100_000, max_pixels=4_000_000),
    max_body=120_000,
    upload_memory=200_000,
    body_idle=0.6,
    body_total=2.0,
)


@pytest.fixture(scope="module")
def small(shop) -> Running:
    with running(*shop, reader=BandReader(), settings=SMALL) as up:
        yield up


def still_serves(server: Running) -> None:
    with server.client() as client:
        answer = client.post("/v1/search", files={"photo": png(street())}, data={"k": "1"})
        assert answer.status_code == 200
    assert server.state.memory.used == 0


def test_header_that_never_ends_is_ended(small, monkeypatch):
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.5)
    with small.connect() as connection:
        connection.sendall(b"POST /v1/search HTTP/1.1\r\nHost: x\r\n")
        assert read_answer(connection)[0] == 408
    with small.connect() as connection:
        assert connection.recv(100) == b""  # a connection that asks nothing is closed without a word
    still_serves(small)


def test_header_that_is_too_large_is_refused(small):
    with small.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        try:
            for i in range(200):
                connection.sendall(f"X-{i}: {'a' * 1000}\r\n".encode())
        except OSError:
            pass
        assert read_answer(connection)[0] == 431
    still_serves(small)
