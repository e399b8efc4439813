"""The body and the work of one request, both cancelled when the client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request

from streetshop.core.errors import RequestInvalid
from streetshop.web import forms
from streetshop.web.limits import BodyReader, read_form
from streetshop.web.problems import MediaTypeUnsupported
from streetshop.web.state import State

T = TypeVar("T")


@asynccontextmanager
async def received_form(request: Request, state: State, *, max_files: int, max_bytes: int) -> AsyncIterator[FormData]:
    """The request's form; its bytes count in the upload memory until the block ends."""
    body = BodyReader(request.receive, request.headers, state.settings, state.memory, max_bytes)
    try:
        form = await read_form(request, body, max_files=max_files)
        state.metrics.uploads.set(state.memory.used)
        try:
            forms.refuse_unknown(form, _form_fields(request), "form field")
            yield form
        finally:
            await form.close()
    finally:
        body.release()
        state.metrics.uploads.set(state.memory.used)


async def known_query(request: Request) -> None:
    """Refuse query parameters that the route does not describe. The page's own addresses may carry any."""
    route = request.scope["route"]
    if route.include_in_schema:
        extra = route.openapi_extra or {}
        known = [one["name"] for one in extra.get("parameters", ()) if one["in"] == "query"]
        forms.refuse_unknown(request.query_params, known, "query parameter")


def _form_fields(request: Request) -> list[str]:
    extra = request.scope["route"].openapi_extra
    return list(extra["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"])


async def received_bytes(request: Request, state: State, *, max_bytes: int) -> bytes:
    """The raw body of a request; for small bodies."""
    body = BodyReader(request.receive, request.headers, state.settings, state.memory, max_bytes)
    try:
        return b"".join([chunk async for chunk in body.chunks()])
    finally:
        body.release()


def check_type(request: Request, kinds: Sequence[str]) -> None:
    """Raise MediaTypeUnsupported unless the body is of one of the media types."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise MediaTypeUnsupported(
            f"the content type is {kind[:80] or 'missing'}", where="Content-Type", hint=f"Send {' or '.join(kinds)}"
        )


def invalid_json(error: ValidationError) -> RequestInvalid:
    """The first thing wrong with a JSON body, without the input."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return RequestInvalid(str(first["msg"]), where=where, hint="GET /openapi.json describes every field")


async def while_connected(request: Request, state: State, work: Coroutine[Any, Any, T]) -> T:
    """Await ``work``; if the client disconnects, cancel it and raise ClientDisconnect."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            state.metrics.cancelled.inc()
            raise ClientDisconnect
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def read_catalog(request: Request, state: State, work: Callable[[], T]) -> T:
    """Run ``work``, which reads the catalog, in its lane. Raises Busy, ClientDisconnect."""
    with state.queue.reads.slot() as patience:
        return await while_connected(request, state, state.queue.search(work, patience))


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def single_file(files: list[bytes], name: str, what: str = "one picture") -> bytes:
    """The file of a field that holds exactly one; ``what`` to send is said otherwise. Raises RequestInvalid."""
    if len(files) != 1:
        raise RequestInvalid(
            f"{name} is missing" if not files else f"{len(files)} files are given as {name}",
            where=name,
            hint=f"Send {what}, e.g. curl -F {name}=@photo.jpg",
        )
    return files[0]
