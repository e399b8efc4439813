"""Manners towards picture servers: how often each is asked, when it asked to wait, and headers that it wants."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from streetshop.core.errors import UsageError

_HEADER: Final = re.compile(
    r"(?:(?P<host>[A-Za-z0-9.-]+)[ \t]+)?(?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(?P<value>[\x20-\x7e\x80-\xff]*)"
)
_OURS: Final = frozenset(
    {
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "accept-encoding",
        "if-none-match",
        "if-modified-since",
    }
)
_SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_MAX_FILE: Final = 65_536


class HostTurns:
    """When a host may be asked next. Thread-safe.

    Args:
        per_host: requests at one time.
        per_second: requests.
    """

    def __init__(self, per_host: int, per_second: float) -> None:
        self.places = threading.BoundedSemaphore(per_host)
        self._pause = 1 / per_second
        self._lock = threading.Lock()
        self._next = 0.0
        self._closed = 0.0

    @property
    def closed(self) -> float:
        """Seconds for which the host is not asked at all."""
        return max(self._closed - time.monotonic(), 0.0)

    def close(self, seconds: float) -> None:
        """Ask the host for nothing for so long."""
        self._closed = max(self._closed, time.monotonic() + seconds)

    def wait(self) -> None:
        """Wait for the turn of a request."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._pause
        time.sleep(turn - now)

    def hold_off(self, seconds: float) -> None:
        """Let no request begin for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


def retry_after(text: str | None, otherwise: float) -> float:
    """Seconds of a Retry-After header, which has a number or a date (RFC 9110, 10.2.3)."""
    text = (text or "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return otherwise
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class FetchHeader:
    """A header that picture servers are sent.

    Attributes:
        host: that it is for; empty for every host that the feed names.
        name: such as ``Referer``.
        value: its text.
    """

    host: str
    name: str
    value: str


def parse_headers(given: Sequence[str]) -> tuple[FetchHeader, ...]:
    """Read headers: ``Name: value``, ``host.example Name: value``, or ``@file`` with one a line.

    Raises:
        UsageError: malformed, one that the fetcher sets itself, or a secret without the host that it is for.
    """
    headers = []
    for text in _lines(given):
        match = _HEADER.fullmatch(text)
        if match is None:
            what = text.partition(":")[0][:60]  # without the value, which may be a secret
            raise UsageError(f"--fetch-header {what!r}...", hint='Write "Name: value" or "host.example Name: value"')
        header = FetchHeader((match["host"] or "").lower(), match["name"], match["value"].strip())
        if header.name.lower() in _OURS:
            raise UsageError(f"the header {header.name} cannot be set", hint="It follows from the address")
        if header.name.lower() in _SECRET and not header.host:
            raise UsageError(
                f"the header {header.name} needs the host that it is for, since a feed may name any host",
                hint=f'Write "pictures.example {header.name}: ..."',
            )
        headers.append(header)
    return tuple(headers)


def headers_for(headers: Sequence[FetchHeader], host: str, named: str) -> Mapping[str, str]:
    """The headers for a host: its own, and if the feed named it (and no redirect) those for every host."""
    return {each.name: each.value for each in headers if each.host == host or (not each.host and host == named)}


def _lines(given: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for text in given:
        if not text.startswith("@"):
            lines.append(text.strip())
            continue
        try:
            path = Path(text[1:])
            content = path.read_text(encoding="utf-8") if path.stat().st_size <= _MAX_FILE else ""
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot be read ({reason})", where=text[1:], hint="Check the file of headers") from None
        lines += [line.strip() for line in content.splitlines() if line.strip() and not line.startswith("#")]
    return lines
