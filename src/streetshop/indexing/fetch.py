"""Fetch pictures from the internet: ``addresses`` restricts where from, :class:`FetchLimits` how much.

The name of a host is resolved once, every address of it is checked, and the connection goes to a checked address, so
that the name cannot point to another machine between check and use (DNS rebinding). Proxies and cookies are not used,
and the content type is ignored: the bytes are decoded by ``Photo`` like all others. ``manners`` says how often a host
is asked, ``fetched`` remembers what need not be sent again.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from streetshop import __version__
from streetshop.core.errors import FetchRefused
from streetshop.core.pictures.limits import FEED_LIMITS
from streetshop.indexing.addresses import Address, AddressPolicy, Target, check_url, public_only
from streetshop.indexing.fetched import Fetched, Validators
from streetshop.indexing.manners import FetchHeader, HostTurns, headers_for, retry_after

Resolver: TypeAlias = Callable[[str, int], Sequence[Address]]
"""Returns the addresses of a host and port; raises OSError if there are none."""

_CHUNK: Final = 65536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRY_LATER: Final = frozenset({429, 503})
_MAX_WAIT_S: Final = 30.0
_ATTEMPTS: Final = 3
_NOT_MODIFIED: Final = 304


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
        per_second: fetches from one host, at most.
        at_once: fetches at a time in all.
    """

    connect_s: float = 5.0
    read_s: float = 5.0
    total_s: float = 20.0
    max_bytes: int = FEED_LIMITS.max_bytes
    max_redirects: int = 3
    per_host: int = 4
    per_second: float = 20.0
    at_once: int = 8


class Fetcher:
    """Fetches pictures; thread-safe. Close it after use.

    Args:
        limits: see :class:`FetchLimits`.
        policy: which addresses may be connected to; only tests, which have no public server, need another one.
        resolve: names to addresses; the system's resolver by default.
        tls: how the certificates of servers are checked; by the system's authorities by default.
        headers: further headers of the requests.
        fetched: what is known of earlier answers.
    """

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        policy: AddressPolicy = public_only,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        headers: Sequence[FetchHeader] = (),
        fetched: Fetched | None = None,
    ) -> None:
        self.limits = limits or FetchLimits()
        self._policy = policy
        self._resolve = resolve or system_resolver
        self._tls = tls or ssl.create_default_context()
        self._lookups = ThreadPoolExecutor(self.limits.at_once, thread_name_prefix="lookup")
        self._all = threading.BoundedSemaphore(self.limits.at_once)
        self._lock = threading.Lock()
        self._headers = headers
        self.fetched = fetched
        self._hosts: dict[str, HostTurns] = defaultdict(lambda: HostTurns(self.limits.per_host, self.limits.per_second))

    def fetch(self, url: str) -> bytes:
        """The bytes at ``url``. Raises :class:`FetchRefused` if they may not, or cannot, be fetched."""
        answer = self.fetch_changed(url, ())
        if isinstance(answer, str):
            raise _refused(check_url(url), "the server says that it is unchanged, and it was never fetched")
        return answer

    def fetch_changed(self, url: str, known: Collection[str]) -> bytes | str:
        """The bytes at ``url``, or the SHA-256 of one of the known pictures if that is what is still there.

        Args:
            url: the address.
            known: hex digests of pictures that need not be sent again.

        Raises:
            FetchRefused: it may not, or cannot, be fetched.
        """
        return self._fetched(check_url(url), known, None)

    def fetch_to(self, url: str, path: Path) -> None:
        """Write the bytes at ``url`` to a file. Raises :class:`FetchRefused`."""
        target = check_url(url)
        try:
            with path.open("wb") as file:
                self._fetched(target, (), file)
        except OSError as error:
            raise _refused(target, f"it cannot be kept ({error.strerror or error})") from None

    def _fetched(self, target: Target, known: Collection[str], file: BinaryIO | None) -> bytes | str:
        before = self.fetched.get(target.url) if self.fetched is not None and known else None
        ask = _Ask(target.host, before if before is not None and before.sha256 in known else None, file)
        with self._lock:
            turns = self._hosts[target.host]
        with turns.places, self._all:
            for attempt in range(1, _ATTEMPTS + 1):
                if turns.closed:
                    raise _refused(target, f"the server asked to wait {turns.closed:.0f} s")
                turns.wait()
                try:
                    answer = self._follow(target, ask, time.monotonic() + self.limits.total_s)
                    break
                except _TryLater as later:
                    wait = retry_after(later.after, float(2**attempt) / 2)
                    if wait <= _MAX_WAIT_S:
                        turns.hold_off(wait)
                    else:
                        turns.close(wait)
                    if wait > _MAX_WAIT_S or attempt == _ATTEMPTS:
                        times = f" {attempt} times" if attempt > 1 else ""
                        raise _refused(target, f"the server answered {later.status}{times}") from None
        if isinstance(answer, Validators):
            return answer.sha256
        if self.fetched is not None and file is None:
            sha256 = hashlib.sha256(answer.data).hexdigest()
            self.fetched.put(target.url, Validators(answer.etag, answer.modified, sha256))
        return answer.data

    def close(self) -> None:
        """Stop the look-ups, and write what was learned."""
        if self.fetched is not None:
            self.fetched.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _follow(self, target: Target, ask: _Ask, deadline: float) -> _Picture | Validators:
        for _ in range(self.limits.max_redirects + 1):
            answer = self._get(target, ask, deadline)
            if not isinstance(answer, _Redirect):
                return answer
            target = check_url(answer.location, base=target.url)
        raise _refused(target, f"more than {self.limits.max_redirects} redirects")

    def _get(self, target: Target, ask: _Ask, deadline: float) -> _Picture | Validators | _Redirect:
        address = self._checked_address(target, deadline)
        try:
            with ExitStack() as stack:
                connection = self._connect(target, address, deadline, stack)
                connection.request(
                    "GET",
                    target.path,
                    headers={
                        "User-Agent": f"streetshop/{__version__}",
                        "Accept": "image/*" if ask.file is None else "*/*",
                        "Accept-Encoding": "identity",  # the size limit then applies to the decoded bytes
                        "Connection": "close",
                        **headers_for(self._headers, target.host, ask.host),
                        **ask.conditions(),
                    },
                )
                response = connection.getresponse()
                stack.callback(response.close)
                return self._read(target, ask, response, deadline)
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

    def _read(
        self, target: Target, ask: _Ask, response: http.client.HTTPResponse, deadline: float
    ) -> _Picture | Validators | _Redirect:
        if response.status == _NOT_MODIFIED and ask.before is not None:
            return ask.before
        if response.status in _REDIRECTS:
            return _Redirect(response.getheader("Location") or "")
        if response.status in _TRY_LATER:
            raise _TryLater(response.status, response.getheader("Retry-After"))
        if response.status != 200:
            raise _refused(target, f"the server answered {response.status}")
        limit = self.limits.max_bytes
        if response.length is not None and response.length > limit:
            raise self._too_large(target)
        expected, data, length = response.length, bytearray(), 0
        while chunk := response.read1(_CHUNK):
            length += len(chunk)
            if length > limit:
                raise self._too_large(target)
            if ask.file is None:
                data += chunk
            else:
                ask.file.write(chunk)
        if time.monotonic() >= deadline:
            raise TimeoutError  # the connection was shut down by the watchdog: the picture is not complete
        if expected is not None and length < expected:
            raise _refused(target, f"the server sent {length} of {expected} bytes")
        return _Picture(bytes(data), response.getheader("ETag") or "", response.getheader("Last-Modified") or "")

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


@dataclass(frozen=True, slots=True)
class _Picture:
    """The bytes of a picture, and what its server knows this version by."""

    data: bytes
    etag: str
    modified: str


@dataclass(frozen=True, slots=True)
class _Ask:
    """A request: the host that the feed named, the picture that need not be sent again, and the file to write to."""

    host: str
    before: Validators | None
    file: BinaryIO | None = None

    def conditions(self) -> dict[str, str]:
        """Headers that ask for a picture only if it has changed."""
        if self.before is None:
            return {}
        named = {"If-None-Match": self.before.etag, "If-Modified-Since": self.before.modified}
        return {name: value for name, value in named.items() if value}


class _TryLater(Exception):
    def __init__(self, status: int, after: str | None) -> None:
        self.status, self.after = status, after


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
