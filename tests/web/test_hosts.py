"""Host names: a page that points a name of its own at this machine (DNS rebinding) is answered nothing."""

from __future__ import annotations

import httpx
import pytest

from streetshop.core.errors import UsageError
from streetshop.web import Settings
from streetshop.web.hosts import AllowedHosts, check_host_name
from tests.web.serving import KEY, Running, png, running, street


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("not called")


def allowed(host: str, *names: str) -> bool:
    return AllowedHosts(nothing, names).allows(host)


LOOPBACK = [
    "localhost",
    "LocalHost:8000",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.9.9.9",
    "[::1]",
    "[::1]:80",
]
STRANGE = [
    *(
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.evil.example.",
    ),
    *("192.168.1.2", "[fd00::1]:8000", "2130706433", "127.1", "0x7f000001", "0.0.0.0", "[::]"),
]
NONSENSE = [
    "",
    " ",
    ":80",
    "127.0.0.1:",
    "127.0.0.1:80:80",
    "127.0.0.1:http",
    "a@127.0.0.1",
    "localhost/",
    "localhost evil",
]
NONSENSE += ["::1", "[::1", "[localhost]x", "http://localhost", "localhost:123456", "lo\u00e7alhost", "*"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_names_are_allowed(host: str) -> None:
    assert allowed(host)
    assert allowed(host, "shop.example")


@pytest.mark.parametrize("host", [*STRANGE, *NONSENSE])
def test_other_names_are_not(host: str) -> None:
    assert not allowed(host)
    assert not allowed(host, "shop.example", "10.0.0.1")


def test_names_of_the_operator_in_any_spelling_and_with_any_port() -> None:
    names = ("Search.Shop.example.", "192.168.1.2", "[FD00:0::1]", "fe80::1")
    for host in ("search.shop.example", "SEARCH.shop.example:443", "search.shop.example.", "192.168.1.2:80"):
        assert allowed(host, *names), host
    for host in ("[fd00::1]", "[FD00:0:0::1]:8000", "[fe80::1]"):
        assert allowed(host, *names), host
    for host in ("shop.example", "evil.search.shop.example", "192.168.1.3", "[fd00::2]"):
        assert not allowed(host, *names), host


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_a_server_on_all_addresses_answers_to_every_address_and_no_other_name(bound: str) -> None:
    for host in ("192.168.1.2:8000", "[fd00::1]", "localhost"):
        assert allowed(host, bound)
    for host in ("evil.example", "", "2130706433", "192.168.1.2.evil.example"):
        assert not allowed(host, bound)


@pytest.mark.parametrize("name", ["https://shop.example", "shop.example:443", "shop example", "", "*", "a/b"])
def test_what_an_operator_gives_must_be_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="no host name"):
        check_host_name(name)
    assert check_host_name("shop.example") == "shop.example"
    assert check_host_name("fd00::1") == "fd00::1"


def test_a_rebound_name_reads_nothing_from_any_route(server: Running) -> None:
    with server.client(headers={"Host": f"evil.example:{server.port}"}) as client:
        paths = list(client.get("/openapi.json", headers={"Host": "localhost"}).json()["paths"])
        for path in ["/", "/page/app.js", "/openapi.json", *paths]:
            path = path.format(product_id="red-plain", shot=0)
            for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
                answer = client.request(method, path, headers={"X-API-Key": KEY})
                assert answer.status_code == 421, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert "access-control-allow-origin" not in answer.headers
        assert client.get("/healthz", headers={"Host": "a b"}).status_code == 400


def test_the_operator_s_names_are_answered(shop) -> None:
    with running(*shop, settings=Settings(hosts=("search.shop.example",))) as up:
        for host, status in (("search.shop.example", 200), ("localhost", 200), ("evil.example", 421)):
            answer = httpx.post(
                f"{up.url}/v1/search", files={"photo": png(street())}, headers={"Host": host}, timeout=30
            )
            assert answer.status_code == status, host
