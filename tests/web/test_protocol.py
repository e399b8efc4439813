"""HTTP on one connection, on raw sockets: limits of a header, and what is not clean HTTP/1.1."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, suppress

import pytest

from streetshop.core.pictures.limits import PhotoLimits
from streetshop.web import Settings
from streetshop.web import protocol as protocol_module
from tests.web.serving import KEY, BandReader, Running, png, read_answer, running, street

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
    monkeypatch.setattr(protocol_module, "HEADER_SECONDS", 0.5)
    with small.connect() as connection:
        connection.sendall(b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\n")
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


def test_header_that_is_too_large_is_refused_though_it_comes_at_once(small):
    for header in (
        b"X-A: " + b"a" * 70_000,
        b"\r\n".join(b"X-%d: a" % i for i in range(8_000)),
        b"Cookie: " + b"a" * 1_000_000,
    ):
        with small.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + b"\r\n\r\n")
            status, _, body = read_answer(connection)
        assert status == 431
        assert json.loads(body)["type"] == "urn:streetshop:problem:request-header-fields-too-large"
    with small.connect() as connection:
        connection.sendall(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert read_answer(connection)[0] == 431
    with small.connect() as connection:  # what is allowed
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n")
        assert read_answer(connection)[0] == 200
    still_serves(small)


VECTOR = b'{"vector": ""}'
GET = b"GET /healthz HTTP/1.1\r\n"
POST = b"POST /v1/search/vector HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HOST = b"Host: 127.0.0.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UNCLEAN = {
    "two hosts": GET + HOST + b"host: evil.example\r\n\r\n",
    "the same host twice": GET + HOST + HOST + b"\r\n",
    "no host": GET + b"\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/0.9 with a header": b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n",
    "HTTP/2.0": b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/9.9": b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n",
    "HTTP/1.12": b"GET /healthz HTTP/1.12\r\n" + HOST + b"\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another protocol": b"GET /healthz XTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 300,
    "absolute target": b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "target *": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "target of CONNECT": b"CONNECT evil.example:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment": b"GET /healthz#a HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw bytes in the path": b"GET /v1/products/\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "two lengths": POST + b"Content-Length: 14\r\nContent-Length: 5\r\n\r\n" + VECTOR,
    "the same length twice": POST + b"Content-Length: 14\r\nContent-Length: 14\r\n\r\n" + VECTOR,
    "list of lengths": POST + b"Content-Length: 14, 14\r\n\r\n" + VECTOR,
    "length with a sign": POST + b"Content-Length: +14\r\n\r\n" + VECTOR,
    "length of 5000 digits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + VECTOR,
    "length and chunks": POST + b"Content-Length: 14\r\n" + CHUNKED + b"e\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "chunks of another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\ne\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "coding twice": POST + b"Transfer-Encoding: chunked\r\n" + CHUNKED + b"e\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\ne\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\ne\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + b"e\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "chunk size with 0x": POST + CHUNKED + b"0xe\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "chunk size of 80 bits": POST + CHUNKED + b"f" * 20 + b"\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "bare line feed after a chunk size": POST + CHUNKED + b"e\n" + VECTOR + b"\n0\n\n",
    "bare line feed in a chunk extension": POST + CHUNKED + b"e;a\n" + VECTOR + b"\r\n0\r\n\r\n",
    "folded field": GET + HOST + b"X-A: b\r\n c\r\n\r\n",
    "folded host": GET + b"Host:\r\n 127.0.0.1\r\n\r\n",
    "bare line feeds": (GET + HOST + b"\r\n").replace(b"\r\n", b"\n"),
    "one bare line feed": GET + HOST + b"X-A: b\nX-B: c\r\n\r\n",
    "bare carriage return": GET + HOST + b"X-A: b\rX-B: c\r\n\r\n",
    "blank before the colon": GET + b"Host : 127.0.0.1\r\n\r\n",
    "NUL in a value": GET + HOST + b"X-A: a\0b\r\n\r\n",
    "field without a colon": GET + HOST + b"X-A\r\n\r\n",
    "field without a name": GET + HOST + b": a\r\n\r\n",
    "unknown method": b"FOO /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("kind", UNCLEAN)
def test_what_is_not_clean_is_refused_and_ends_the_connection(small, kind):
    with small.connect() as connection:
        connection.sendall(UNCLEAN[kind] + GET + HOST + b"\r\n")
        data = b""
        with suppress(ConnectionResetError):
            while more := connection.recv(65536):
                data += more
    assert data.startswith(b"HTTP/1.1 400 ")
    assert data.count(b"HTTP/1.1 ") == 1  # what follows is not taken for another request
    header, _, body = data.lower().partition(b"\r\n\r\n")
    for field in (b"content-type: application/problem+json", b"connection: close", b"x-content-type-options: nosniff"):
        assert field in header
    assert json.loads(body)["status"] == 400


CLEAN = {
    "HTTP/1.0 without a host": b"GET /healthz HTTP/1.0\r\n\r\n",
    "chunk extension": POST + CHUNKED + b"e;a=b\r\n" + VECTOR + b"\r\n0\r\n\r\n",
    "bytes above ASCII in a value": GET + HOST + b"X-A: \xff\xfe\r\n\r\n",
    "body that is not needed": GET + HOST + b"Content-Length: 3\r\n\r\nabc",
    "offer to upgrade": GET + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
}


@pytest.mark.parametrize("kind", CLEAN)
def test_what_is_clean_is_answered(small, kind):
    with small.connect() as connection:
        connection.sendall(CLEAN[kind])
        assert read_answer(connection)[0] in (200, 422)


def test_fields_after_the_body_are_no_header(small):
    trailer = f"X-API-Key: {KEY}\r\nHost: evil.example\r\n\r\n".encode()
    with small.connect() as connection:
        connection.sendall(b"DELETE /v1/products/none HTTP/1.1\r\n" + HOST + CHUNKED + b"1\r\na\r\n0\r\n" + trailer)
        assert read_answer(connection)[0] == 401


def test_requests_in_a_row_are_answered_in_order_up_to_the_one_that_is_not_clean(small):
    nowhere = GET.replace(b"healthz", b"nowhere")
    for unclean in (GET + HOST + HOST + b"\r\n", b"NONSENSE\r\n\r\n"):
        with small.connect() as connection:
            connection.sendall(GET + HOST + b"\r\n" + nowhere + HOST + b"\r\n" + unclean)
            data = b""
            with suppress(ConnectionResetError):
                while more := connection.recv(65536):
                    data += more
        assert [status.split()[1] for status in re.findall(rb"HTTP/1\.1 \d+", data)] == [b"200", b"404"]


def test_too_many_connections_are_refused_as_a_problem(small, monkeypatch):
    monkeypatch.setattr(protocol_module, "MAX_CONNECTIONS", 3)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(small.connect())
        connection = stack.enter_context(small.connect())
        connection.sendall(GET + HOST + b"\r\n")
        status, headers, body = read_answer(connection)
    assert (status, headers["retry-after"]) == (503, "1")
    assert json.loads(body)["status"] == 503
