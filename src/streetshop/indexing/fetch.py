"""Fetch pictures from the internet: ``addresses`` restricts where from, :class:`FetchLimits` how much.

The name of a host is resolved once, every address of it is checked, and the connection goes to a checked address, so
that the name cannot point to another machine between check and use (DNS rebinding). Proxies and cookies are not used,
and the content type is ignored: the bytes are decoded by ``Photo`` like all others.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from streetshop import __version__
from streetshop.core.errors import FetchRefused
from streetshop.core.pictures.limits import FEED_LIMITS
from streetshop.indexing.addresses import Address, AddressPolicy, Target, check_url, public_only

Resolver: TypeAlias = Callable[[str, int], Sequence[Address]]
"""Returns the addresses of a host and port; raises OSError if there are none."""

_CHUNK: Final = 65536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRY_LATER: Final = frozenset({429, 503})
_MAX_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of a fetch. Seconds are wall-clock time.

    Attributes:
        connect_s: to look a name up, and to connect.
        read_s: between two packets.
        total_s: including redirects, without the wait for ``per_host`` and ``at_once``.
        max_bytes: of a picture.
        max_redirects: of a fetch.
        per_host: fetches from one host at a time.
        at_once: fetches at a time in all.
    """

    connect_s: float = 5.0
    read_s: float = 5.0
    total_s: float = 20.0
    max_bytes: int = FEED_LIMITS.max_bytes
    max_redirects: int = 3
    per_host: int = 4
    at_once: int = 8


class Fetcher:
    """Fetches pictures; thread-safe. Close it after use.

    Args:
        limits: see :class:`FetchLimits`.
        policy: which addresses may be connected to; only tests, which have no public server, need another one.
        resolve: names to addresses; the system's resolver by default.
        tls: how the certificates of servers are checked; by the system's authorities by default.
    """

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        policy: AddressPolicy = public_only,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or FetchLimits()
        self._policy = policy
        self._resolve = resolve or system_resolver
        self._tls = tls or ssl.create_default_context()
        self._lookups = ThreadPoolExecutor(self.limits.at_once, thread_name_prefix="lookup")
        self._all = threading.BoundedSemaphore(self.limits.at_once)
        self._lock = threading.Lock()
        self._hosts: dict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(self.limits.per_host)
        )

    def fetch(self, url: str) -> bytes:
        """The bytes at ``url``. Raises :class:`FetchRefused` if they may not, or cannot, be fetched."""
        target = check_url(url)
        with self._lock:
            host = self._hosts[target.host]
        with host, self._all:
            deadline = time.monotonic() + self.limits.total_s
            try:
                return self._follow(target, deadline)
            except _TryLater as answer:
                if answer.wait_s > _MAX_WAIT_S:
                    raise _refused(target, f"the server answered {answer.status}") from None
                time.sleep(answer.wait_s)
            try:
                return self._follow(target, time.monotonic() + self.limits.total_s)
            except _TryLater as answer:
                raise _refused(target, f"the server answered {answer.status} twice") from None

    def close(self) -> None:
        """Stop the look-ups."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _follow(self, target: Target, deadline: float) -> bytes:
        for _ in range(self.limits.max_redirects + 1):
            answer = self._get(target, deadline)
            if isinstance(answer, bytes):
                return answer
            target = check_url(answer.location, base=target.url)
        raise _refused(target, f"more than {self.limits.max_redirects} redirects")

    def _get(self, target: Target, deadline: float) -> bytes | _Redirect:
        address = self._checked_address(target, deadline)
        try:
            with ExitStack() as stack:
                connection = self._connect(target, address, deadline, stack)
                connection.request(
                    "GET",
                    target.path,
                    headers={
                        "User-Agent": f"streetshop/{__version__}",
                        "Accept": "image/*",
                        "Accept-Encoding": "identity",  # the size limit then applies to the decoded bytes
                        "Connection": "close",
                    },
                )
                response = connection.getresponse()
                stack.callback(response.close)
                return self._read(target, response, deadline)
        except TimeoutError:
            raise self._too_slow(target, deadline) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            # After the deadline the watchdog shuts the connection down, which raises various errors.
            if time.monotonic() >= deadline:
                raise self._too_slow(target, deadline) from None
            reason = str(error) or type(error).__name__
            raise _refused(target, f"the fetch failed ({reason[:200]})") from None

    def _checked_address(self, target: Target, deadline: float) -> Address:
        """The first address of the host, looked up once. Every address must be allowed."""
        try:
            addresses: Sequence[Address] = [ipaddress.ip_address(target.host)]
        except ValueError:
            wait = max(min(self.limits.connect_s, deadline - time.monotonic()), 0.0)
            try:
                addresses = self._lookups.submit(self._resolve, target.host, target.port).result(wait)
            except FutureTimeout:
                raise _refused(target, f"looking up {target.host} took too long") from None
            except (OSError, ValueError) as error:
                raise _refused(target, f"{target.host} cannot be looked up ({error})") from None
        if not addresses:
            raise _refused(target, f"{target.host} has no address")
        for address in addresses:
            if reason := self._policy(address):
                raise FetchRefused(
                    f"{target.host} is {reason} ({address})",
                    where=target.url[:200],
                    hint="Pictures are fetched from public addresses only",
                )
        return addresses[0]

    def _connect(
        self, target: Target, address: Address, deadline: float, stack: ExitStack
    ) -> http.client.HTTPConnection:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock = socket.create_connection((str(address), target.port), min(self.limits.connect_s, left))
        stack.callback(sock.close)
        # The timeout of a socket restarts with every byte; only a shutdown ends the answer of a slow server.
        handle = sock.dup()
        stack.callback(handle.close)
        watchdog = threading.Timer(left, _shut_down, (handle,))
        watchdog.daemon = True
        watchdog.start()
        stack.callback(watchdog.cancel)
        sock.settimeout(min(self.limits.read_s, left))
        if target.scheme == "https":
            sock = self._tls.wrap_socket(sock, server_hostname=target.host)
            stack.callback(sock.close)
        connection = _Pinned(target, sock)
        stack.callback(connection.close)
        return connection

    def _read(self, target: Target, response: http.client.HTTPResponse, deadline: float) -> bytes | _Redirect:
        if response.status in _REDIRECTS:
            return _Redirect(response.getheader("Location") or "")
        if response.status in _TRY_LATER:
            raise _TryLater(response.status, response.getheader("Retry-After"))
        if response.status != 200:
            raise _refused(target, f"the server answered {response.status}")
        limit = self.limits.max_bytes
        if response.length is not None and response.length > limit:
            raise self._too_large(target)
        expected, data = response.length, bytearray()
        while chunk := response.read1(_CHUNK):
            data += chunk
            if len(data) > limit:
                raise self._too_large(target)
        if time.monotonic() >= deadline:
            raise TimeoutError  # the connection was shut down by the watchdog: the picture is not complete
        if expected is not None and len(data) < expected:
            raise _refused(target, f"the server sent {len(data)} of {expected} bytes")
        return bytes(data)

    def _too_large(self, target: Target) -> FetchRefused:
        return _refused(target, f"more than {self.limits.max_bytes / 2**20:.0f} MiB")

    def _too_slow(self, target: Target, deadline: float) -> FetchRefused:
        if time.monotonic() >= deadline:
            return _refused(target, f"not finished after {self.limits.total_s:g} s")
        return _refused(target, f"no answer within {self.limits.read_s:g} s")


class _Pinned(http.client.HTTPConnection):
    """HTTP over a connected socket; it never opens a connection itself."""

    def __init__(self, target: Target, sock: socket.socket) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80  # for the Host header
        self.sock = sock
        self.auto_open = 0


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


class _TryLater(Exception):
    def __init__(self, status: int, retry_after: str | None) -> None:
        self.status = status
        text = (retry_after or "").strip()
        self.wait_s = float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1.0


def system_resolver(host: str, port: int) -> list[Address]:
    """All addresses of a host, from the operating system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _shut_down(sock: socket.socket) -> None:
    """Shut the connection down, which ends every call that waits for it."""
    with suppress(OSError):  # it has ended already
        sock.shutdown(socket.SHUT_RDWR)


def _refused(target: Target, what: str) -> FetchRefused:
    return FetchRefused(what, where=target.url[:200], hint="Check the address, or run again later")
