"""``POST /v1/products/bulk``: many products in one request, streamed both ways."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streetshop.web import schemas
from streetshop.web.bulk import AT_ONCE, MAX_LINES, Bulk, Result, split_lines
from streetshop.web.limits import BodyReader
from streetshop.web.problems import Busy
from streetshop.web.requests import check_type
from streetshop.web.security import require_key
from streetshop.web.state import State, state_of

router = APIRouter(tags=["products"])

JSON_LINES: Final = ("application/x-ndjson", "application/jsonl")
_MAX_BYTES: Final = 4 * 2**30
_MAX_SECONDS: Final = 6 * 3600.0
_log = logging.getLogger("streetshop.web")


@router.post(
    "/v1/products/bulk",
    response_class=Response,
    responses={
        200: {"content": {"application/x-ndjson": {"schema": schemas.BulkLineOut.model_json_schema()}}},
        **schemas.problems(401, 415, 422, 429, 503),
    },
    summary="Add, change and delete many products",
    openapi_extra={
        "security": [{"apiKey": []}, {"bearer": []}],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": schemas.BulkLineIn.model_json_schema()} for kind in JSON_LINES},
        },
    },
)
async def bulk(request: Request) -> Response:
    """One JSON object a line, at most 10,000; the answer has one line for each, in order, once it is stored.

    A line that is wrong has its problem as result, and the others are applied. The status of the answer is 200.
    """
    state = state_of(request)
    require_key(request, state.key)
    check_type(request, JSON_LINES)
    state.catalog.searcher()
    if state.bulk >= AT_ONCE:
        raise Busy(f"{state.bulk} bulk requests are under way", retry_after=5)
    return _Results(request, state)


class _Results(Response):
    """Reads the request and sends the results as they come.

    The lines are applied whether or not the client reads meanwhile: many send all before they read. The results of
    ``MAX_LINES`` lines fit into memory.
    """

    media_type = "application/x-ndjson"

    def __init__(self, request: Request, state: State) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._state = state
        settings = replace(state.settings, body_total=_MAX_SECONDS)
        self._body = BodyReader(request.receive, request.headers, settings, state.memory, _MAX_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        results: asyncio.Queue[Result | None] = asyncio.Queue(MAX_LINES + 2)
        self._state.bulk += 1
        working = asyncio.create_task(self._apply(results))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while (result := await results.get()) is not None:
                lines = [_line(result)]
                done = False
                while not results.empty():
                    more = results.get_nowait()
                    if more is None:
                        done = True
                        break
                    lines.append(_line(more))
                await send({"type": "http.response.body", "body": b"".join(lines), "more_body": True})
                if done:
                    break
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._state.bulk -= 1
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _apply(self, results: asyncio.Queue[Result | None]) -> None:
        try:
            with suppress(ClientDisconnect):
                work = Bulk(self._state, results.put_nowait)
                await work.run(split_lines(self._chunks(), self._state.settings.max_body))
        except Exception:
            _log.exception("a bulk request failed")
            results.put_nowait({"id": None, "status": 500, "type": "urn:streetshop:problem:internal-error"})
        finally:
            results.put_nowait(None)

    async def _chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body.chunks():
                yield chunk
                self._body.release()
        finally:
            self._body.release()


def _line(result: Result) -> bytes:
    return json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
