"""Every error as ``application/problem+json`` (RFC 9457).

``type`` is ``urn:streetshop:problem:<slug>`` with the slug of the :class:`StreetshopError`, ``instance`` is
``urn:streetshop:request:<id>`` with the id that is also in the ``X-Request-Id`` header and in the log line.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from streetshop.core import errors
from streetshop.core.errors import FilterError, StreetshopError
from streetshop.web.methods import allowed_methods

MEDIA_TYPE: Final = "application/problem+json"
REQUEST_ID: Final = "streetshop.request_id"
"""Key of the request's id in the ASGI scope, set by the outermost middleware."""

CLIENT_CLOSED_REQUEST: Final = 499
"""nginx's code for a client that went away; only logs and metrics ever see it."""

_log = logging.getLogger("streetshop.web")


class Unauthorized(StreetshopError):
    """The API key is missing or wrong."""

    slug = "unauthorized"


class PreconditionFailed(StreetshopError):
    """The product is not as ``If-Match`` or ``If-None-Match`` demands."""

    slug = "precondition-failed"


class MediaTypeUnsupported(StreetshopError):
    """The body is of a type that the address does not take."""

    slug = "unsupported-media-type"


class NotServed(StreetshopError):
    """The server was not started with what the address needs."""

    slug = "not-served"


class RequestTooLarge(StreetshopError):
    """The request body is larger than the limit."""

    slug = "request-too-large"


class RequestTimeout(StreetshopError):
    """The client sent its request too slowly."""

    slug = "request-timeout"


class Busy(StreetshopError):
    """More requests wait than the queue takes; ``retry_after`` is in whole seconds."""

    slug = "queue-full"

    def __init__(self, what: str, *, retry_after: int = 1) -> None:
        super().__init__(what, hint="Try again in a moment")
        self.retry_after = retry_after


class NotReady(StreetshopError):
    """The server cannot answer searches at the moment; the message says why."""

    slug = "not-ready"


STATUS: Final[Mapping[type[StreetshopError], int]] = {
    errors.PhotoError: 422,
    errors.PhotoTooLarge: 413,
    errors.PhotoTooManyPixels: 413,
    errors.PhotoFormatUnsupported: 415,
    errors.GeometryError: 422,
    errors.RecordError: 422,
    errors.VectorError: 422,
    errors.WeightsError: 422,
    errors.FilterError: 422,
    errors.FeedError: 422,
    errors.RowRefused: 422,
    errors.FetchRefused: 422,
    errors.RequestInvalid: 422,
    errors.BundleError: 500,
    errors.ServerError: 500,
    errors.SyncError: 503,
    errors.CatalogError: 503,
    errors.ProductMissing: 404,
    errors.LookMissing: 404,
    errors.CatalogExists: 409,
    errors.CatalogEncoderMismatch: 409,
    errors.CatalogLocked: 423,
    errors.CatalogUnsupported: 400,
    errors.CatalogDiskFull: 507,
    Unauthorized: 401,
    PreconditionFailed: 412,
    MediaTypeUnsupported: 415,
    NotServed: 404,
    RequestTooLarge: 413,
    RequestTimeout: 408,
    Busy: 429,
    NotReady: 503,
}
"""HTTP status of each kind of error; a kind that is not here has that of its base."""

_ABOUT_THE_REQUEST: Final = (
    *(errors.PhotoError, errors.GeometryError, errors.RecordError, errors.VectorError, errors.WeightsError),
    *(errors.FilterError, errors.RequestInvalid, errors.ProductMissing, errors.LookMissing, errors.FetchRefused),
)
"""Kinds whose texts a client may read, beside those of this room. The others can hold paths of the server's disk."""


def status_of(error: StreetshopError) -> int:
    """Return the HTTP status for an error; 400 for kinds that :data:`STATUS` does not know."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def told(error: StreetshopError) -> tuple[str, str]:
    """What a client is told of an error, and its hint: of errors of the server's own only the kind."""
    if _about_the_request(error):
        return error.what.split("\n", 1)[0] + ".", error.hint and error.hint + "."
    return error.slug.replace("-", " ").capitalize() + ".", "Try again in a moment. The server's log says more."


def _about_the_request(error: StreetshopError) -> bool:
    return isinstance(error, _ABOUT_THE_REQUEST) or type(error).__module__.startswith("streetshop.web.")


def problem(
    slug: str,
    status: int,
    detail: str,
    *,
    hint: str = "",
    request_id: str = "",
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem+json response; empty members are left out."""
    body: dict[str, object] = {
        "type": f"urn:streetshop:problem:{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
    }
    if hint:
        body["hint"] = hint
    if request_id:
        body["instance"] = f"urn:streetshop:request:{request_id}"
    body.update(extra or {})
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def problem_of(error: StreetshopError, request_id: str = "") -> Response:
    """The response to a typed error."""
    extra: dict[str, object] = {}
    headers: dict[str, str] = {}
    if error.where and _about_the_request(error) and not isinstance(error, errors.CatalogError):
        extra["where"] = error.where
    if isinstance(error, FilterError):
        extra |= {"filter": error.text, "position": error.position}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotReady):
        headers["Retry-After"] = "5"
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="streetshop"'
    status = status_of(error)
    if status in (408, 413):
        # The rest of the body is not read: the connection cannot be used again.
        headers["Connection"] = "close"
    detail, hint = told(error)
    return problem(error.slug, status, detail, hint=hint, request_id=request_id, extra=extra, headers=headers)


def line_problem(error: StreetshopError) -> dict[str, object]:
    """The members of a problem that belong to one of many results: status, type, detail, hint, where."""
    detail, hint = told(error)
    members = {"type": f"urn:streetshop:problem:{error.slug}", "detail": detail, "hint": hint}
    if _about_the_request(error) and not isinstance(error, errors.CatalogError):
        members["where"] = error.where
    return {"status": status_of(error), **{name: value for name, value in members.items() if value}}


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with problem+json."""

    async def typed(request: Request, error: Exception) -> Response:
        if not isinstance(error, StreetshopError):
            return await unexpected(request, error)
        request.scope["streetshop.problem"] = error.slug
        if status_of(error) >= 500 and not isinstance(error, NotReady):  # that has been said once already
            _log.error("%s %s", _id(request), error)
        return problem_of(error, _id(request))

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return await unexpected(request, error)
        slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-").replace("'", "")
        methods = allowed_methods(app.routes, request.scope) if error.status_code == 405 else []
        hints = {404: "GET /openapi.json lists what there is.", 405: "GET /openapi.json lists the methods."}
        return problem(
            slug,
            error.status_code,
            f"{request.method} is not allowed here." if error.status_code == 405 else "There is nothing at this path.",
            hint=hints.get(error.status_code, ""),
            request_id=_id(request),
            headers={"Allow": ", ".join(methods)} if methods else error.headers,
        )

    async def invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            return await unexpected(request, error)
        # Only where and why: the input itself is not echoed.
        places = [{"where": _place(e["loc"]), "what": str(e["msg"])} for e in error.errors()[:20]]
        first = places[0] if places else {"where": "request", "what": "invalid"}
        return problem(
            "request-invalid",
            422,
            f"{first['where']}: {first['what']}.",
            hint="GET /openapi.json describes every field.",
            request_id=_id(request),
            extra={"errors": places},
        )

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    async def unexpected(request: Request, error: Exception) -> Response:
        return internal(_id(request))

    app.add_exception_handler(StreetshopError, typed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ClientDisconnect, gone)


def internal(request_id: str) -> Response:
    """The response to an unexpected exception, without its details."""
    return problem(
        "internal-error",
        500,
        "The server met an error of its own.",
        hint="Its log has the details under the id in `instance`.",
        request_id=request_id,
    )


def _id(request: Request) -> str:
    return str(request.scope.get(REQUEST_ID, ""))


def _place(loc: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in loc if part not in ("body", "query", "path")) or "request"
