"""Middleware for every request: an id, a log line, metrics and the security headers."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streetshop.web.metrics import Metrics
from streetshop.web.problems import CLIENT_CLOSED_REQUEST, REQUEST_ID, internal
from streetshop.web.security import API_POLICY, HEADERS

_log = logging.getLogger("streetshop.web.access")
_errors = logging.getLogger("streetshop.web")

_PRODUCTS: Final = b"/v1/products/"


class Observe:
    """ASGI middleware. Log lines hold method, path, status, time and sizes: no header, no query, no body."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = secrets.token_hex(6)
        scope[REQUEST_ID] = request_id
        path = _keep_encoded_ids(scope)
        status = 0
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                names = {name.lower() for name, _ in headers}
                headers += [pair for pair in self._headers if pair[0] not in names]
                if b"content-security-policy" not in names:
                    headers.append((b"content-security-policy", API_POLICY.encode()))
                headers.append((b"x-request-id", request_id.encode()))
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:  # a bug: details go to the log, not to the client
            _errors.exception("%s %s %s failed", request_id, scope["method"], path)
            if status == 0:
                await internal(request_id)(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", None) or "unmatched"
            self._metrics.answered(scope["method"], route, status, seconds)
            _log.info("%s %s %s %d %.1f ms %d B", request_id, scope["method"], path, status, seconds * 1000, sent)


def _keep_encoded_ids(scope: Scope) -> str:
    """Route products by the path as it was sent, so that an id's ``%2F`` does not become a separator.

    Returns the path for the log: percent-encoded, hence free of control characters.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    text = raw.decode("ascii", "backslashreplace")
    if raw.startswith(_PRODUCTS):
        scope["path"] = text
    return "".join(c if c.isprintable() and c != " " else "?" for c in text[:300])
