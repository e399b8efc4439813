"""The labelling page: one card after the other, keys k and d, undo.

The server listens on this machine only, refuses requests from other origins, and writes nothing but the decisions file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from streetshop.core.errors import CurateError
from streetshop.lab.curate.decisions import VERDICTS, Decisions
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.thumbnails import thumbnail
from streetshop.web.security import HEADERS, PAGE_POLICY, is_loopback
from streetshop.web.server import bind, make_server

_FILES: Final = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
_SIDE: Final = 460


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to decide about.

    Attributes:
        id: as the decisions file names it.
        title: heading.
        note: line below the heading.
        rows: rows of the manifest whose pictures are shown.
    """

    id: str
    title: str
    note: str
    rows: tuple[int, ...]


class _Decision(BaseModel):
    id: str
    verdict: str


async def _guard(request: Request, call_next: Any) -> Response:
    # Another page in the same browser must neither read pictures nor decide: DNS rebinding, cross-site requests.
    origin = request.headers.get("origin")
    if not is_loopback(request.url.hostname or "") or (origin and origin != str(request.base_url).rstrip("/")):
        return JSONResponse({"detail": "this page is for this machine only"}, 403)
    response: Response = await call_next(request)
    response.headers.update({**HEADERS, "Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"})
    return response


def create_page(title: str, cards: Sequence[Card], manifest: Manifest, decisions: Decisions) -> FastAPI:
    """The application. A decision is on the disk before the page shows the next card."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    shown = {row for card in cards for row in card.rows}
    ids = {card.id for card in cards}
    page = resources.files("streetshop.lab.curate") / "page_files"

    app.middleware("http")(_guard)

    @app.get("/")
    def index() -> Response:
        return Response((page / "index.html").read_bytes(), media_type="text/html; charset=utf-8")

    @app.get("/page/{name}")
    def file(name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        return Response((page / name).read_bytes(), media_type=_FILES[name])

    @app.get("/cards")
    def all_cards() -> dict[str, Any]:
        found = [
            {
                "id": card.id,
                "title": card.title,
                "note": card.note,
                "rows": card.rows,
                "verdict": decisions.verdicts.get(card.id),
            }
            for card in cards
        ]
        return {"title": title, "verdicts": VERDICTS[decisions.kind], "cards": found}

    @app.get("/picture/{row}")
    def picture(row: int) -> Response:
        data = thumbnail(manifest, row, _SIDE) if row in shown else None
        if data is None:
            raise HTTPException(404, "no such picture")
        return Response(data, media_type="image/jpeg")

    # async: one decision at a time, in the order of the keys
    @app.post("/decide")
    async def decide(decision: _Decision) -> dict[str, str]:
        if decision.id not in ids:
            raise HTTPException(404, "no such card")
        try:
            decisions.decide(decision.id, decision.verdict)
        except CurateError as error:
            raise HTTPException(422, str(error)) from None
        except OSError as error:
            raise HTTPException(507, f"the decision could not be written ({error.strerror})") from None
        return {"id": decision.id, "verdict": decision.verdict}

    @app.post("/undo")
    async def undo() -> dict[str, str | None]:
        undone = decisions.undo()
        return {"id": undone, "verdict": decisions.verdicts.get(undone or "")}

    return app


def serve_page(app: FastAPI, port: int, started: Any) -> None:
    """Serve on 127.0.0.1 until interrupted. Raises :class:`ServerError` when the port is taken."""
    listener = bind("127.0.0.1", port)
    make_server(app, listener, started=started).run(sockets=[listener])
