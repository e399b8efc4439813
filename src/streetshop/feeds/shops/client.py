"""Requests to the API of a shop: patient with a busy shop, clear about a refusal, and silent about secrets."""

from __future__ import annotations

import email.utils
import ipaddress
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from streetshop import __version__
from streetshop.core.errors import SyncError
from streetshop.core.terminal import one_line

if TYPE_CHECKING:
    import httpx

TRIES: Final = 6
"""Attempts at a request to a shop that is busy, broken or not reachable."""
MAX_ANSWER: Final = 64 * 2**20
"""Bytes of an answer, at most."""

_LATER: Final = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_LONGEST_WAIT: Final = 120.0
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a shop.

    Attributes:
        body: its JSON.
        headers: by lower-case names.
    """

    body: Any
    headers: Mapping[str, str]


def shop_address(text: str) -> str:
    """The address of a shop, with scheme and without a slash at the end.

    Raises:
        SyncError: it is no address, or neither https nor of this machine: the key would be readable on the way.
    """
    address = text.strip() if "://" in text else f"https://{text.strip()}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or parts.query or parts.fragment or "@" in parts.netloc or any(c.isspace() for c in address):
        raise SyncError("no address of a shop", where=repr(text[:_SHOWN]), hint="Give it as in https://shop.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise SyncError("not an https address", where=text[:_SHOWN], hint="The key is sent to https addresses only")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """Sends requests to one shop, one after the other.

    Args:
        address: see :func:`shop_address`; paths are appended.
        headers: of every request.
        auth: name and password of HTTP's basic authentication.
        stop: ends waits early.
        pause: the first wait after a failure, in seconds; it doubles.
    """

    def __init__(
        self,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        stop: threading.Event | None = None,
        pause: float = 1.0,
    ) -> None:
        import httpx

        self.address = address
        self._stop = stop or threading.Event()
        self._pause = pause
        self._http = httpx.Client(
            headers={"User-Agent": f"streetshop/{__version__}", "Accept": "application/json", **(headers or {})},
            auth=auth,
            timeout=httpx.Timeout(60.0, connect=15.0),
            follow_redirects=False,  # the key would go along
        )

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """GET a path. Raises :class:`SyncError`."""
        return self._patiently("GET", path, params=params)

    def post(self, path: str, body: object) -> Answer:
        """POST JSON to a path. Raises :class:`SyncError`."""
        headers = {"Content-Type": "application/json"}
        return self._patiently("POST", path, content=json.dumps(body).encode(), headers=headers)

    def wait(self, seconds: float) -> None:
        """Wait; raises :class:`SyncError` when it is stopped."""
        if self._stop.wait(min(max(seconds, 0.0), _LONGEST_WAIT)):
            raise SyncError("stopped while waiting for the shop", where=self.address, hint="Run again")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _patiently(self, method: str, path: str, **options: Any) -> Answer:
        import httpx

        where, pause, reason = self.address + path, self._pause, ""
        for attempt in range(1, TRIES + 1):
            after = None
            try:
                with self._http.stream(method, where, **options) as response:
                    content = _content(response, where)
                if response.status_code not in _LATER:
                    return Answer(_parsed(response, content, where), response.headers)
                reason = f"it answered {response.status_code}{_said(content)}"
                after = _retry_after(response.headers.get("retry-after"))
            except (httpx.TransportError, httpx.DecodingError) as error:
                reason = f"{type(error).__name__}: {error}"
            except httpx.HTTPError as error:
                raise SyncError(f"the request failed ({error})", where=where, hint="Check the address") from None
            if attempt < TRIES:
                self.wait(pause if after is None else max(after, pause))
                pause = min(pause * 2, 30.0)
        raise SyncError(
            f"the shop failed {TRIES} times ({one_line(reason)[:_SHOWN]})", where=where, hint="Run again later"
        )


def _content(response: httpx.Response, where: str) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise SyncError(f"an answer of more than {MAX_ANSWER // 2**20} MiB", where=where, hint="Check the address")
    return bytes(content)


def _parsed(response: httpx.Response, content: bytes, where: str) -> Any:
    status = response.status_code
    if status in (401, 403):
        raise SyncError(
            f"the shop refused the key ({status}{_said(content)})",
            where=where,
            hint="Check that the key is right, has not expired, and may read products",
        )
    if 300 <= status < 400:
        target = one_line(response.headers.get("location", "nowhere"))[:_SHOWN]
        raise SyncError(f"the shop redirects to {target}", where=where, hint="Give that address, if it is the shop's")
    if status >= 400:
        raise SyncError(f"the shop answered {status}{_said(content)}", where=where, hint="Check the shop's address")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise SyncError("the shop's answer is no JSON", where=where, hint="Check that this is the shop's API") from None


def _said(content: bytes) -> str:
    """The message of an answer that is JSON; nothing of a page."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    message = (body.get("message") or body.get("errors") or body.get("error")) if isinstance(body, dict) else ""
    return f": {one_line(str(message))[:_SHOWN]}" if message else ""


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the header."""
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None
