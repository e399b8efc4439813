"""Bulk changes over HTTP: every line has a result, in order, and what it says is stored."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from streetshop.core.errors import FetchRefused
from streetshop.core.pictures.limits import PhotoLimits
from streetshop.indexing.fetch import Fetcher
from streetshop.web import Settings
from streetshop.web.bulk import MAX_LINES
from tests.catalog.filled import square
from tests.web.api.test_products import AUTH
from tests.web.serving import Running, png, running

KIND = {**AUTH, "Content-Type": "application/x-ndjson"}
RED, BLUE = png(square("red")), png(square("blue"))


def encoded(*pictures: bytes) -> list[dict[str, str]]:
    return [{"data": base64.b64encode(data).decode()} for data in pictures]


def send(client: httpx.Client, lines: list[object] | bytes, **options) -> list[dict]:  # type: ignore[no-untyped-def]
    body = lines if isinstance(lines, bytes) else b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    options.setdefault("headers", KIND)
    answer = client.post("/v1/products/bulk", content=body, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def own(own_shop) -> Iterator[Running]:  # type: ignore[no-untyped-def]
    with running(*own_shop) as up:
        yield up


def test_put_patch_and_delete_in_one_request(own: Running) -> None:
    with own.client() as client:
        results = send(
            client,
            [
                {"id": "new", "product": {"title": "New", "price": 9}, "pictures": encoded(RED, BLUE)},
                {"op": "patch", "id": "new", "product": {"price": 8}},
                {"op": "patch", "id": "red-plain", "product": {"in_stock": None, "attributes": {"year": None}}},
                {"op": "put", "id": "blue-plain", "product": {"title": "Put"}},
                {"op": "delete", "id": "green-plain"},
            ],
        )
        assert [(r["line"], r["id"], r["status"]) for r in results] == [
            (1, "new", 201),
            (2, "new", 200),
            (3, "red-plain", 200),
            (4, "blue-plain", 200),
            (5, "green-plain", 204),
        ]
        new = client.get("/v1/products/new")
        assert (new.json()["title"], new.json()["price"], len(new.json()["shots"])) == ("New", 8, 2)
        assert new.headers["etag"] == results[1]["etag"]
        red = client.get("/v1/products/red-plain").json()
        assert (red["in_stock"], red["price"], "year" in red["attributes"]) == (None, 10.0, False)
        blue = client.get("/v1/products/blue-plain").json()
        assert (blue["title"], blue["price"], len(blue["shots"])) == ("Put", None, 2)
        assert client.get("/v1/products/green-plain").status_code == 404
        found = client.post("/v1/search", files={"photo": RED}, data={"k": "3"}).json()
        assert "new" in [match["id"] for match in found["garments"][0]["matches"]]


BAD = [
    (b"{", "request-invalid"),
    (b"[1]", "request-invalid"),
    (b'{"id": "a", "colour": 1}', "request-invalid"),
    (b'{"id": "a", "product": {"colour": 1}}', "request-invalid"),
    (b'{"id": "a", "op": "patch", "product": {"price": -1}}', "request-invalid"),
    (b'{"id": "a", "op": "patch", "product": {"price": NaN}}', "request-invalid"),
    (b'{"id": "a", "op": "patch"}', "request-invalid"),
    (b'{"id": "a", "op": "delete", "product": {}}', "request-invalid"),
    (b'{"id": "", "op": "delete"}', "record"),
    (b'{"id": "a", "product": {"id": "b"}}', "request-invalid"),
    (b'{"id": "a", "product": {}}', "request-invalid"),
    (b'{"id": "a", "product": {}, "pictures": [{}]}', "request-invalid"),
    (b'{"id": "a", "product": {}, "pictures": [{"data": "!"}]}', "request-invalid"),
    (b'{"id": "a", "product": {}, "pictures": [{"data": "aGk="}]}', "photo-format-unsupported"),
    (b'{"id": "a", "product": {}, "pictures": [{"url": "https://shop.example/a.jpg"}]}', "fetch-refused"),
    (b'{"id": "none", "op": "delete"}', "product-missing"),
    (b'{"id": "none", "op": "patch", "product": {"price": 1}}', "product-missing"),
    (b'{"id": "blue-plain", "op": "delete", "if_match": "\\"x\\""}', "precondition-failed"),
    (b'{"id": "blue-plain", "op": "delete", "if_match": "x"}', "request-invalid"),
    (b'{"id": "red-plain", "op": "patch", "product": {"title": "\\ud800"}}', "request-invalid"),
    (b"\xff\xfe", "request-invalid"),
    (b"[" * 100_000, "request-invalid"),
]


def test_a_wrong_line_keeps_no_other_from_being_applied(own: Running) -> None:
    good = b'{"op": "patch", "id": "red-plain", "product": {"price": %d}}'
    lines = [line for i, (bad, _) in enumerate(BAD) for line in (bad, good % i)]
    with own.client() as client:
        results = send(client, b"\n".join(lines))
        assert [result["line"] for result in results] == list(range(1, len(lines) + 1))
        for (bad, slug), result in zip(BAD, results[::2], strict=True):
            assert result["type"] == f"urn:streetshop:problem:{slug}", (bad[:80], result)
            assert 400 <= result["status"] < 500
            assert result["detail"]
        assert {result["status"] for result in results[1::2]} == {200}
        assert client.get("/v1/products/red-plain").json()["price"] == len(BAD) - 1
        assert client.get("/v1/catalog").json()["products"] == 18


def test_blank_lines_line_ends_and_no_lines(own: Running) -> None:
    with own.client() as client:
        assert send(client, b"") == []
        results = send(client, b'\r\n{"op": "delete", "id": "red-plain"}\r\n\n{"op": "delete", "id": "red-plain"}')
        assert [(result["line"], result["status"]) for result in results] == [(2, 204), (4, 404)]


def test_a_line_that_is_too_long_and_too_many_lines(own_shop) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(photo=PhotoLimits(max_bytes=50_000), max_body=50_000)
    with running(*own_shop, settings=settings) as up, up.client() as client:
        body = b'{"id": "' + b"x" * 200_000 + b'"}\n{"op": "delete", "id": "red-plain"}\n'
        assert [result["status"] for result in send(client, body)] == [413, 204]
        lines = b"".join(b'{"op": "delete", "id": "none %d"}\n' % number for number in range(MAX_LINES + 5))
        results = send(client, lines)
        assert len(results) == MAX_LINES + 1
        assert (results[-1]["line"], results[-1]["status"]) == (MAX_LINES + 1, 413)
        assert {result["status"] for result in results[:-1]} == {404}


def test_results_come_while_the_request_is_being_sent(own: Running) -> None:
    line = b'{"op": "patch", "id": "red-plain", "product": {"price": 1}}\n'
    head = b"POST /v1/products/bulk HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    head += b"".join(f"{name}: {value}\r\n".encode() for name, value in KIND.items()) + b"\r\n"
    with own.connect() as connection:
        connection.settimeout(20)
        connection.sendall(head + b"%x\r\n%s\r\n" % (len(line), line))
        data = b""
        while b'"status": 200' not in data:
            data += connection.recv(65536)
        connection.sendall(b"0\r\n\r\n")
        while not data.endswith(b"0\r\n\r\n"):
            data += connection.recv(65536)
    assert data.count(b'"line"') == 1


def test_only_with_the_key_and_as_json_lines(own: Running) -> None:
    line = b'{"op": "delete", "id": "red-plain"}'
    with own.client() as client:
        refused = client.post("/v1/products/bulk", content=line, headers={"Content-Type": "application/x-ndjson"})
        assert refused.status_code == 401
        assert client.post("/v1/products/bulk", content=line, headers=AUTH).status_code == 415
        assert client.get("/v1/products/red-plain").status_code == 200


def test_what_breaks_off_is_applied_up_to_there(own: Running) -> None:
    line = b'{"op": "delete", "id": "red-plain"}\n'
    head = b"POST /v1/products/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    head += b"".join(f"{name}: {value}\r\n".encode() for name, value in KIND.items()) + b"\r\n"
    with own.connect() as connection:
        connection.sendall(head + line + b'{"op": "del')
        data = b""
        while b'"status": 204' not in data:
            data += connection.recv(65536)
    with own.client() as client:
        assert client.get("/v1/products/red-plain").status_code == 404
        assert send(client, line)[0]["status"] == 404, "the server goes on"


def test_pictures_at_addresses_where_the_server_may_fetch(own_shop) -> None:  # type: ignore[no-untyped-def]
    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(RED)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/a.png"
    line = {"id": "new", "product": {"title": "x"}, "pictures": [{"url": address}]}
    try:
        with running(*own_shop, fetcher=Fetcher()) as up, up.client() as client:
            assert send(client, [line])[0]["type"].endswith("fetch-refused"), "the machine itself is not public"
        with running(*own_shop, fetcher=Fetcher(policy=lambda address: None)) as up, up.client() as client:
            assert send(client, [line])[0]["status"] == 201
            assert up.state.catalog.store().get(["new"])[0].shots[0].source == address
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(FetchRefused):
        Fetcher().fetch(address)
