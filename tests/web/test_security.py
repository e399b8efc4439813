"""The survival list's items about keys, headers, logs and what is kept: 5 to 8, 14, 15, 17."""

from __future__ import annotations

import threading

import pytest

from streetshop.core.errors import ServerError, UsageError
from streetshop.core.records import Product, Shot
from streetshop.present.html import web_url
from streetshop.present.json import product_json
from streetshop.web import ApiKey, check_bind
from streetshop.web.answers import image_path
from streetshop.web.problems import Unauthorized
from streetshop.web.security import API_POLICY, PAGE_POLICY, is_loopback, require_key
from tests.web.serving import KEY, png, running


def test_writes_need_the_key(server):
    body = {"files": [("product", (None, "{}"))]}
    with server.client() as client:
        for headers in (
            {},
            {"Authorization": "Bearer wrong-key-wrong-key"},
            {"Authorization": f"Basic {KEY}"},
            {"Authorization": KEY},
            {"X-API-Key": KEY + "x"},
            {"X-API-Key": ""},
        ):
            for answer in (
                client.put("/v1/products/red-plain", headers=headers, **body),
                client.delete("/v1/products/red-plain", headers=headers),
            ):
                assert answer.status_code == 401, headers
                assert answer.json()["type"] == "urn:streetshop:problem:unauthorized"
                assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/v1/products/red-plain").status_code == 200


def test_server_without_a_key_takes_no_writes(shop):
    with running(*shop, key=None) as up, up.client() as client:
        for key in ("None", KEY):
            answer = client.delete("/v1/products/red-plain", headers={"Authorization": f"Bearer {key}"})
            assert (answer.status_code, answer.json()["detail"]) == (401, "this server takes no writes.")


def test_the_key_is_compared_in_constant_time_and_never_shown(monkeypatch):
    import hmac

    key = ApiKey(KEY)
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((len(a), len(b))) or real(a, b))
    assert key.matches(KEY)
    assert not key.matches("x")
    assert not key.matches(KEY * 100)
    assert not key.matches("ü\udc80")
    assert compared == [(32, 32)] * 4  # digests of one length, whatever was offered
    assert KEY not in repr(key)
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize(
    "bad", ["", "short", "with blank in the middle", "tab\tin-it-and-so-on-x", "ümläute-in-a-key-1234"]
)
def test_weak_or_odd_keys_are_refused(bad):
    with pytest.raises(UsageError):
        ApiKey(bad)


def test_key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{KEY}\nsecond line\n")
    assert ApiKey.from_file(path).matches(KEY)
    for content in (b"", b"\xff\xfe", b"\n" + KEY.encode()):
        path.write_bytes(content)
        with pytest.raises(UsageError):
            ApiKey.from_file(path)
    with pytest.raises(UsageError, match="No such file"):
        ApiKey.from_file(tmp_path / "none")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "example.org", "127.0.0.1.example.org", "0"])
def test_other_than_loopback_is_refused_without_a_key(host):
    with pytest.raises(ServerError, match="without an API key"):
        check_bind(host, None)
    check_bind(host, ApiKey(KEY))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_needs_no_key(host):
    assert is_loopback(host)
    check_bind(host, None)


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/page/app.js", "/v1/catalog", "/v1/products/none", "/nowhere", "/metrics", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["content-security-policy"] in (PAGE_POLICY, API_POLICY), path
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
    policy = dict(part.split(" ", 1) for part in PAGE_POLICY.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in PAGE_POLICY


def test_hostile_feeds_reach_the_page_as_text_and_plain_addresses_only():
    for url in (
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "data:text/html,x",
        "//evil.example",
        "file:///etc/passwd",
        "x",
        "http://",
        "http://[",
        " ",
    ):
        assert web_url(url) is None, url
    assert web_url(" https://shop.example/p?a=1#b ") == "https://shop.example/p?a=1#b"
    product = Product("<i>", "<script>alert(1)</script>", url="javascript:alert(1)", shots=(Shot("/etc/shadow", "ab"),))
    answer = product_json(product, image_path)
    assert answer["url"] is None
    assert answer["image"] == "/v1/products/%3Ci%3E/image/0?v=ab"
    assert "/etc/shadow" not in str(answer)


def test_photos_of_queries_are_never_kept(shop, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    catalog = shop[0]
    before = {path: path.stat().st_size for path in catalog.rglob("*") if path.is_file()}
    opened: list[str] = []
    watching = threading.Event()

    def hook(event: str, args: tuple) -> None:
        if watching.is_set() and event in ("open", "tempfile.mkstemp", "os.mkdir"):
            mode = args[1] if event == "open" else "w"
            if (isinstance(mode, str) and set(mode) & set("wax+")) or event != "open":
                opened.append(str(args[0]))

    import sys

    sys.addaudithook(hook)
    # Noise does not compress: the photo is larger than the megabyte at which forms usually go to disk.
    import numpy as np

    photo = png(np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8))
    assert len(photo) > 2**21
    with running(*shop) as up, up.client() as client:
        watching.set()
        assert client.post("/v1/search", files={"photo": photo}).status_code == 200
        assert client.post("/v1/look", files={"photo": photo}).status_code == 200
        watching.clear()
        assert up.state.memory.used == 0
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    assert {path: path.stat().st_size for path in catalog.rglob("*") if path.is_file()} == before


def test_nothing_is_fetched_from_addresses_in_requests(server, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the server opened a connection")

    monkeypatch.setattr("streetshop.indexing.fetch.Fetcher.fetch", refuse)
    with server.client() as client:
        for fields in ({"photo": "http://169.254.169.254/"}, {"photo_url": "http://127.0.0.1:1/"}):
            assert client.post("/v1/search", data=fields, files={"x": b""}).status_code == 422


def test_require_key_without_a_key_or_with_none_offered():
    from starlette.requests import Request

    request = Request({"type": "http", "headers": []})
    for key in (None, ApiKey(KEY)):
        with pytest.raises(Unauthorized):
            require_key(request, key)


def test_every_route_that_writes_is_described_with_a_key_and_refuses_without(client):
    searches = ("/v1/search", "/v1/search/vector", "/v1/search/heatmap", "/v1/look", "/v1/page")
    reading = {("post", path) for path in searches}
    signed = {("post", f"/v1/webhooks/{system}") for system in ("shopify", "woocommerce")}
    writing = 0
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, described in methods.items():
            if method == "get" or (method, path) in reading:
                assert "security" not in described, (method, path)
                continue
            if (method, path) in signed:  # by a signature; none is configured here
                assert client.request(method, path).status_code == 404
                continue
            writing += 1
            assert described["security"], (method, path)
            answer = client.request(method, path.format(product_id="red-plain", shot=0))
            assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer"), (method, path)
    assert writing >= 4
