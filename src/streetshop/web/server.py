"""Run the application: a listening socket, uvicorn, and limits of the request header."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streetshop.core.errors import ServerError, UsageError

HEADER_SECONDS: Final = 10.0
HEADER_BYTES: Final = 64 * 1024
MAX_CONNECTIONS: Final = 512
_SHUTDOWN_SECONDS: Final = 10


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with two more limits: time and size of a request's header."""

    _header_timer: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_header = True

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
        if self._in_header:
            self._header_bytes += len(data)
            if self._header_timer is None:
                self._expect_header()
        super().data_received(data)
        # Body bytes that came along with the header do not count: then the header is done.
        if self._in_header and self._header_bytes > HEADER_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A header begins."""
        super().on_message_begin()
        self._in_header = True

    def on_headers_complete(self) -> None:
        """The header is complete: nothing of it is timed any more."""
        self._header_done()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is complete; another may follow on the connection."""
        super().on_message_complete()
        self._in_header, self._header_bytes = True, 0

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
            self._refuse(b"408 Request Timeout")
        else:  # opened in advance and never used
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        self._header_done()
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()


def bind(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises ServerError if the address is taken, not local or not permitted."""
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port}", hint="Ports are 0 to 65535; 0 takes any free one")
    where = f"{host}:{port}"
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = infos[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServerError(f"cannot listen there ({error.strerror})", where=where, hint="Check --host") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ServerError(
                "the port is taken by another process", where=where, hint="Stop it, or choose another with --port"
            ) from None
        hint = "Ports below 1024 need privileges" if error.errno == errno.EACCES else "Check --host and --port"
        raise ServerError(f"cannot listen there ({error.strerror})", where=where, hint=hint) from None
    listener.set_inheritable(True)
    return listener


def make_server(
    app: FastAPI, listener: socket.socket, *, started: Callable[[str], None] | None = None
) -> uvicorn.Server:
    """Make a server for ``listener`` without starting it; ``should_exit = True`` ends it.

    Args:
        app: the application.
        listener: from :func:`bind`.
        started: called with the URL as soon as requests are answered.
    """
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
    )
    return _Server(config, url_of(listener), started)


def serve(app: FastAPI, listener: socket.socket, *, started: Callable[[str], None] | None = None) -> None:
    """Answer requests until SIGINT or SIGTERM; running requests get ten seconds to finish. See ``make_server``."""
    server = make_server(app, listener, started=started)
    server.run(sockets=[listener])
    if not server.started:
        raise ServerError("the server did not start", hint="The log above says why")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, url: str, announce: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._url = url
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._announce is not None:
            self._announce(self._url)


def url_of(listener: socket.socket) -> str:
    """Where a browser finds the listening socket."""
    address: Any = listener.getsockname()
    host, port = address[0], address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def log_to_stderr(level: int = logging.INFO) -> None:
    """One line per request and per event on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("streetshop", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(level if name == "streetshop" else logging.WARNING)
