"""HTTP on one connection: uvicorn's protocol, stricter.

llhttp, which uvicorn parses with, refuses two lengths, a length beside chunks, folded headers, bare line feeds and
control characters. What it lets through and another server might read otherwise is refused here, as are headers that
are too large or too slow. Every refusal is problem+json and ends the connection.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final, NoReturn

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streetshop.web.problems import problem
from streetshop.web.security import API_POLICY, HEADERS

HEADER_SECONDS: Final = 10.0
HEADER_BYTES: Final = 64 * 1024
MAX_CONNECTIONS: Final = 512


class _StopParsing(Exception):
    """Raised in a callback of the parser to end it."""


def _refusal(status: int, detail: str, hint: str, headers: dict[str, str] | None = None) -> Response:
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return problem(slug, status, detail, hint=hint, headers=headers)


_AS_IN_RFC: Final = "Send a request as RFC 9112 describes it."
_INVALID: Final = _refusal(400, "This is no clean HTTP/1.1.", _AS_IN_RFC)
_TOO_LARGE: Final = _refusal(
    431, f"The header is larger than {HEADER_BYTES // 1024} KiB.", "Send fewer or shorter header fields."
)
_TOO_SLOW: Final = _refusal(408, f"The header took longer than {HEADER_SECONDS:g} s.", "Send it again.")
_TOO_MANY: Final = _refusal(
    503, f"More than {MAX_CONNECTIONS} connections are open.", "Try again in a moment.", {"Retry-After": "1"}
)


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits of the header's time and size, and without leniency."""

    _header_timer: asyncio.TimerHandle | None = None
    _header_bytes = 0
    """Bytes that arrived while a header was incomplete."""
    _header_parsed = 0
    """Bytes of the header's parts that were complete."""
    _in_header = True
    _refused: Response | None = None
    _ended = False
    """Nothing more is read; the connection is closed after the last answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: its first header is timed."""
        super().connection_made(transport)
        self._expect_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client disconnected."""
        self._header_done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; those of a header are counted."""
        if self._ended:
            return
        if self._in_header:
            self._header_bytes += len(data)
            if self._header_timer is None:
                self._expect_header()
        super().data_received(data)
        # Body bytes that came along with the header do not count: then the header is done.
        if self._in_header and self._header_bytes > HEADER_BYTES and not self.transport.is_closing():
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A header begins."""
        super().on_message_begin()
        self._in_header, self._header_parsed = True, 0

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A complete header field. Fields after the body (trailers) could pass for fields of the header: left out."""
        self._count(len(name) + len(value) + 4)
        if self._in_header:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The header is complete: it is checked, and nothing of it is timed any more."""
        if reason := self._unclean():
            self._stop(_refusal(400, reason, _AS_IN_RFC))
        if len(self.connections) > MAX_CONNECTIONS:
            self._stop(_TOO_MANY)
        self._header_done()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is complete; another may follow on the connection."""
        super().on_message_complete()
        self._in_header, self._header_bytes = True, 0

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when parsing failed, by its own or by one of the checks here."""
        self._refuse(self._refused or _INVALID)

    def _unclean(self) -> str:
        """What is wrong with a header that llhttp accepts; "" if nothing is."""
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in ("1.0", "1.1"):
            return f"HTTP/{version} is not spoken here."
        if not self.url.startswith(b"/") or b"#" in self.url:
            return "The request target is no path."
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            return f"The request has {hosts or 'no'} Host header{'s' if hosts else ''}."
        if codings and (version == "1.0" or codings != [b"chunked"]):
            return "The transfer encoding is not chunked alone."
        return ""

    def _count(self, size: int) -> None:
        self._header_parsed += size
        if self._header_parsed > HEADER_BYTES:
            self._stop(_TOO_LARGE)

    def _stop(self, refused: Response) -> NoReturn:
        self._refused = refused
        raise _StopParsing

    def _expect_header(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._header_late)

    def _header_done(self) -> None:
        self._in_header, self._header_bytes = False, 0
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_late(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self._header_bytes:
            self._refuse(_TOO_SLOW)
        else:  # opened in advance and never used
            self.transport.close()

    def _refuse(self, refused: Response) -> None:
        unanswered = self.cycle is not None and not self.cycle.response_complete
        in_header = self._in_header
        self._header_done()
        if unanswered and (in_header or self.cycle.response_started):
            # A refusal would pass for the answer to an earlier request, or lie within an answer.
            self._ended = True
            self.cycle.keep_alive = False
        else:
            self.transport.write(self._written(refused))
            self.transport.close()

    def _written(self, response: Response) -> bytes:
        own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        own += [(b"Content-Security-Policy", API_POLICY.encode()), (b"Connection", b"close")]
        status = f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}".encode()
        fields = [*self.server_state.default_headers, *response.raw_headers, *own]
        lines = [status, *(name.lower() + b": " + value for name, value in fields), b"", bytes(response.body)]
        return b"\r\n".join(lines)
