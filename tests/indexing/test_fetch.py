"""Fetching pictures: every way around the checks that is known, against a real server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from streetshop.core.errors import FetchRefused
from streetshop.indexing.addresses import Address, public_only
from streetshop.indexing.fetch import Fetcher, FetchLimits, system_resolver
from streetshop.indexing.fetched import Fetched
from streetshop.indexing.manners import parse_headers

QUICK = FetchLimits(connect_s=1.0, read_s=0.5, total_s=1.5, max_bytes=100_000)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str]]] = []
    turns = 0
    open_now = 0
    most_open = 0
    lock = threading.Lock()

    @classmethod
    def first_turn(cls) -> bool:
        cls.turns += 1
        return cls.turns % 2 == 1

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        with Handler.lock:
            Handler.seen.append((self.path, self.headers["Host"]))
        try:
            self._answer()
        except OSError:
            self.close_connection = True  # the client has gone, as it should

    def _answer(self) -> None:
        kind, _, rest = self.path.lstrip("/").partition("/")
        answer = getattr(self, f"_{kind.replace('-', '_')}", None)
        if answer is None:
            self._plain(200, b"picture " + self.path.encode(), "Content-Type", "text/html")
        else:
            answer(rest)

    def _start(self, *header: str) -> None:
        self.send_response(200)
        if header:
            self.send_header(*header)
        self.end_headers()

    def _without_end(self, piece: bytes, pause: float = 0) -> None:
        while True:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)

    def _to(self, rest: str) -> None:
        self._plain(302, b"", "Location", rest)

    def _loop(self, rest: str) -> None:
        number = int(rest)
        self.send_response(301)
        self.send_header("Location", f"/loop/{number - 1}" if number > 1 else "/ok")
        self.end_headers()

    def _slow_loop(self, rest: str) -> None:
        time.sleep(0.4)
        number = int(rest)
        self._plain(302, b"", "Location", f"/slow-loop/{number - 1}" if number > 1 else "/ok")

    def _endless(self, rest: str) -> None:
        self._start()
        self._without_end(b"x" * 65536)

    def _chunked(self, rest: str) -> None:
        self._start("Transfer-Encoding", "chunked")
        self._without_end(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")

    def _announced(self, rest: str) -> None:
        self._start("Content-Length", "1000000000000")

    def _short(self, rest: str) -> None:
        self._start("Content-Length", "1000")
        self.wfile.write(b"only this")
        self.close_connection = True

    def _silent(self, rest: str) -> None:
        time.sleep(2)

    def _drip(self, rest: str) -> None:
        self._start()
        self._without_end(b"x", 0.1)

    def _dripping_header(self, rest: str) -> None:
        self._without_end(b"H", 0.1)

    def _garbage(self, rest: str) -> None:
        self.wfile.write(b"\0\1\2 no http at all\r\n\r\n")
        self.close_connection = True

    def _busy(self, rest: str) -> None:
        if Handler.first_turn():
            self._plain(429, b"later", "Retry-After", rest or "0")
        else:
            self._plain(200, b"picture " + self.path.encode(), "Content-Type", "text/html")

    def _tagged(self, rest: str) -> None:
        """A picture with an ETag or a date, and a body only for who does not have it."""
        name, value = ("ETag", f'"{rest}"') if rest.startswith("e") else ("Last-Modified", rest)
        asked = self.headers["If-None-Match" if name == "ETag" else "If-Modified-Since"]
        if asked == value:
            self._plain(304, b"")
        else:
            self._plain(200, b"tagged " + rest.encode(), name, value)

    def _echo(self, rest: str) -> None:
        if rest.startswith("to/"):
            self._plain(302, b"", "Location", rest[3:])
        else:
            self._plain(200, "|".join(self.headers.get(name, "-") for name in ("X-Shop", "Authorization")).encode())

    def _slow(self, rest: str) -> None:
        with Handler.lock:
            Handler.open_now += 1
            Handler.most_open = max(Handler.most_open, Handler.open_now)
        time.sleep(0.2)
        # Counted out before the answer: once the client has it, it may ask again before this thread goes on.
        with Handler.lock:
            Handler.open_now -= 1
        self._plain(200, b"slow")

    def _unasked(self, rest: str) -> None:
        self._plain(int(rest), b"")

    def _missing(self, rest: str) -> None:
        self._plain(404, b"no")

    def _plain(self, status: int, body: bytes, *header: str) -> None:
        self.send_response(status)
        if header:
            self.send_header(*header)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def local_server_only(address: Address) -> str | None:
    """Stands in for the internet: 127.0.0.1 is public, everything else is judged as ever."""
    return None if str(address) == "127.0.0.1" else public_only(address)


def to_server(host: str, port: int) -> list[Address]:
    return [ipaddress.ip_address("127.0.0.1")]


@pytest.fixture
def make_fetcher() -> Iterator[Callable[..., Fetcher]]:
    made: list[Fetcher] = []

    def make(limits: FetchLimits = QUICK, resolve: object = to_server, **more: object) -> Fetcher:
        made.append(Fetcher(limits, policy=local_server_only, resolve=resolve, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


# --- which addresses --------------------------------------------------------------------------------------------------

REFUSED_ADDRESSES = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.169.254", "fe80::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "CGNAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "203.0.113.9", "2001:db8::1", "100::1"],
    "unspecified": ["0.0.0.0", "::", "0.1.2.3"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1"],
    "IPv4-compatible": ["::127.0.0.1", "::10.0.0.1", "::8.8.8.8"],
    "6to4": ["2002:7f00:1::1", "2002:a00:1::", "2002:808:808::1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "site-local": ["fec0::1"],
}


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, address) for kind, group in REFUSED_ADDRESSES.items() for address in group]
)
def test_address_of_this_kind_is_refused(kind: str, address: str) -> None:
    assert public_only(ipaddress.ip_address(address)) is not None
    fetcher = Fetcher(QUICK, resolve=lambda host, port: [ipaddress.ip_address(address)])
    with pytest.raises(FetchRefused, match="public addresses only"):
        fetcher.fetch("http://pictures.example/a.jpg")
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(FetchRefused):
        fetcher.fetch(f"http://{literal}/a.jpg")
    fetcher.close()


def test_one_bad_address_among_good_ones_is_enough() -> None:
    addresses = [ipaddress.ip_address("93.184.215.14"), ipaddress.ip_address("10.0.0.1")]
    fetcher = Fetcher(QUICK, resolve=lambda host, port: addresses)
    with pytest.raises(FetchRefused, match=r"private address \(10.0.0.1\)"):
        fetcher.fetch("http://pictures.example/a.jpg")
    fetcher.close()


# --- which URLs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",  # decimal
        "0x7f000001",  # hexadecimal
        "0x7f.0.0.1",
        "0177.0.0.1",  # octal
        "017700000001",
        "127.1",  # short
        "127.0.1",
        "127.0.0.1.1",
        "0",
        "0x",
        "1.1.1.256",
        "①②⑦.⓪.⓪.①",  # the resolver's own preparation makes plain digits of these
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
        "127。0。0。1",
    ],
)
def test_numeric_host_is_refused_before_any_lookup(host: str) -> None:
    def resolve(host: str, port: int) -> list[Address]:
        raise AssertionError(f"looked up {host}")

    fetcher = Fetcher(QUICK, resolve=resolve)
    with pytest.raises(FetchRefused):
        fetcher.fetch(f"http://{host}/a.jpg")
    fetcher.close()


# --- the way there ----------------------------------------------------------------------------------------------------


def test_fetches(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    Handler.seen.clear()
    data = make_fetcher().fetch(f"http://pictures.example:{port}/a.jpg?w=1")
    assert data == b"picture /a.jpg?w=1"
    assert Handler.seen == [("/a.jpg?w=1", f"pictures.example:{port}")]


def test_rebinding_name_is_looked_up_once_and_the_connection_pinned(
    port: int, make_fetcher: Callable[..., Fetcher]
) -> None:
    lookups: list[str] = []

    def rebinding(host: str, port: int) -> list[Address]:
        lookups.append(host)
        return [ipaddress.ip_address("127.0.0.1" if len(lookups) == 1 else "127.0.0.2")]

    # The name is of a reserved domain: were it resolved anywhere else, the fetch would fail.
    fetcher = make_fetcher(resolve=rebinding)
    assert fetcher.fetch(f"http://rebind.invalid:{port}/ok") == b"picture /ok"
    assert lookups == ["rebind.invalid"]
    with pytest.raises(FetchRefused, match=r"loopback address \(127.0.0.2\)"):
        fetcher.fetch(f"http://rebind.invalid:{port}/ok")


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("http://10.0.0.1/secret", "private address"),
        ("http://169.254.169.254/latest/meta-data", "link-local address"),
        ("http://[::1]/", "loopback address"),
        ("http://inside.example/", r"private address \(192.168.0.7\)"),
        ("http://2130706433/", "is a number"),
        ("http://user@pictures.example/", "names a user"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("//127.0.0.2/x", "loopback address"),
    ],
)
def test_redirect_to_a_forbidden_place_is_refused(
    port: int, make_fetcher: Callable[..., Fetcher], location: str, text: str
) -> None:
    def resolve(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address("192.168.0.7" if host == "inside.example" else "127.0.0.1")]

    with pytest.raises(FetchRefused, match=text):
        make_fetcher(resolve=resolve).fetch(f"http://pictures.example:{port}/to/{location}")


def test_three_redirects_are_followed_and_no_more(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    fetcher = make_fetcher()
    assert fetcher.fetch(f"http://pictures.example:{port}/loop/3") == b"picture /ok"
    with pytest.raises(FetchRefused, match="more than 3 redirects"):
        fetcher.fetch(f"http://pictures.example:{port}/loop/4")


def test_redirects_share_one_total_time(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    start = time.monotonic()
    with pytest.raises(FetchRefused, match=r"not finished after 1 s"):
        make_fetcher(FetchLimits(read_s=5, total_s=1, max_redirects=9)).fetch(
            f"http://pictures.example:{port}/slow-loop/9"
        )
    assert time.monotonic() - start < 3  # each alone takes .4 s, all of them 3.6 s


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("endless", "more than 0 MiB"),
        ("chunked", "more than 0 MiB"),
        ("announced", "more than 0 MiB"),
        ("short", "sent 9 of 1000 bytes"),
        ("silent", "no answer within 0.5 s"),
        ("drip", "not finished after 1.5 s"),
        ("dripping-header", "not finished after 1.5 s"),
        ("garbage", "the fetch failed"),
        ("missing", "answered 404"),
        ("busy/999", "answered 429"),
    ],
)
def test_servers_that_misbehave(port: int, make_fetcher: Callable[..., Fetcher], path: str, text: str) -> None:
    Handler.turns = 0
    start = time.monotonic()
    with pytest.raises(FetchRefused, match=text):
        make_fetcher().fetch(f"http://pictures.example:{port}/{path}")
    assert time.monotonic() - start < 4


def test_busy_server_is_asked_once_more(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    Handler.turns = 0
    assert make_fetcher().fetch(f"http://pictures.example:{port}/busy") == b"picture /busy"


def test_closed_port_and_unknown_name(make_fetcher: Callable[..., Fetcher]) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        closed = sock.getsockname()[1]
    with pytest.raises(FetchRefused, match="the fetch failed"):
        make_fetcher().fetch(f"http://pictures.example:{closed}/")

    def unknown(host: str, port: int) -> list[Address]:
        raise socket.gaierror("no such name")

    with pytest.raises(FetchRefused, match="cannot be looked up"):
        make_fetcher(resolve=unknown).fetch("http://pictures.example/")
    with pytest.raises(FetchRefused, match="has no address"):
        make_fetcher(resolve=lambda host, port: []).fetch("http://pictures.example/")


def test_slow_lookup_is_given_up(make_fetcher: Callable[..., Fetcher]) -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[Address]:
        release.wait(5)
        return to_server(host, port)

    start = time.monotonic()
    with pytest.raises(FetchRefused, match="took too long"):
        make_fetcher(resolve=slow).fetch("http://pictures.example/")
    assert time.monotonic() - start < 3
    release.set()


def test_a_host_is_not_overrun(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    fetcher = make_fetcher(FetchLimits(per_host=2, at_once=6))
    Handler.most_open = 0
    threads = [
        threading.Thread(target=fetcher.fetch, args=(f"http://pictures.example:{port}/slow/{i}",)) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Handler.most_open == 2


def test_system_resolver() -> None:
    assert {str(address) for address in system_resolver("localhost", 80)} <= {"127.0.0.1", "::1"}
    fetcher = Fetcher(QUICK)
    with pytest.raises(FetchRefused, match="loopback"):
        fetcher.fetch("http://localhost/a.jpg")
    fetcher.close()


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command: Sequence[str] = (
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=pictures.example"),
        *("-addext", "subjectAltName=DNS:pictures.example", "-keyout", "key.pem", "-out", "cert.pem"),
    )
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs the openssl program to make a certificate")
    return folder


def test_tls_checks_the_name_though_the_address_is_pinned(
    certificate: Path, make_fetcher: Callable[..., Fetcher]
) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        fetcher = make_fetcher(FetchLimits(), tls=trusting)
        assert fetcher.fetch(f"https://pictures.example:{server.server_port}/a") == b"picture /a"
        with pytest.raises(FetchRefused, match="certificate"):
            fetcher.fetch(f"https://other.example:{server.server_port}/a")
        with pytest.raises(FetchRefused, match="certificate"):
            make_fetcher(FetchLimits()).fetch(f"https://pictures.example:{server.server_port}/a")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("path", ["tagged/e1", "tagged/yesterday"])
def test_an_unchanged_picture_is_not_sent_again(
    port: int, make_fetcher: Callable[..., Fetcher], tmp_path: Path, path: str
) -> None:
    url = f"http://pictures.example:{port}/{path}"
    for turn in range(2):  # within a run, and in the next one
        fetcher = make_fetcher(fetched=Fetched(tmp_path / "fetched.sqlite"))
        if turn == 0:
            data = fetcher.fetch(url)
        sha256 = hashlib.sha256(data).hexdigest()
        assert fetcher.fetch_changed(url, (sha256,)) == sha256
        assert fetcher.fetch_changed(url, ("0" * 64,)) == data
        assert fetcher.fetch_changed(url, ()) == data
        fetcher.close()


def test_an_unasked_304_is_refused(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    with pytest.raises(FetchRefused, match="answered 304"):
        make_fetcher(headers=parse_headers(["X-Shop: 1"])).fetch(f"http://pictures.example:{port}/unasked/304")


def test_headers_are_sent_to_the_host_of_the_feed_alone(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    fetcher = make_fetcher(headers=parse_headers(["X-Shop: 1", "pictures.example Authorization: secret"]))
    assert fetcher.fetch(f"http://pictures.example:{port}/echo/x") == b"1|secret"
    assert fetcher.fetch(f"http://other.example:{port}/echo/x") == b"1|-"
    away = f"http://other.example:{port}/echo/x"
    assert fetcher.fetch(f"http://pictures.example:{port}/echo/to/{away}") == b"-|-"


def test_a_server_that_asks_for_a_long_wait_is_left_alone(port: int, make_fetcher: Callable[..., Fetcher]) -> None:
    Handler.turns = 0
    fetcher = make_fetcher()
    with pytest.raises(FetchRefused, match="answered 429"):
        fetcher.fetch(f"http://pictures.example:{port}/busy/999")
    with pytest.raises(FetchRefused, match="asked to wait 99"):
        fetcher.fetch(f"http://pictures.example:{port}/ok")
    assert fetcher.fetch(f"http://other.example:{port}/ok") == b"picture /ok"
