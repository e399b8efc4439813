"""Run the application: a listening socket and uvicorn."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from streetshop.core.errors import ServerError, UsageError
from streetshop.web.protocol import Protocol

_SHUTDOWN_SECONDS: Final = 10


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
