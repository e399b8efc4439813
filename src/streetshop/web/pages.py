"""The search page: static files of the package, read once and served from memory."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from streetshop.web.answers import is_current
from streetshop.web.security import PAGE_POLICY

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    zipped: bytes
    type: str
    etag: str


def page_router() -> APIRouter:
    """Routes ``/`` and ``/page/{name}``; a name is looked up among the files, never joined to a path."""
    files = _read_files()
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index(request: Request) -> Response:
        return _answer(request, files["index.html"])

    @router.get("/favicon.ico")
    async def favicon(request: Request) -> Response:
        return _answer(request, files["icon.svg"])

    @router.get("/page/{name}")
    async def file(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        return _answer(request, files[name])

    return router


def _read_files() -> dict[str, _File]:
    files = {}
    for entry in (resources.files("streetshop.web") / "page").iterdir():
        suffix = entry.name.rpartition(".")[2]
        if suffix in _TYPES:
            data = entry.read_bytes()
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            files[entry.name] = _File(data, gzip.compress(data, mtime=0), _TYPES[suffix], etag)
    return files


def _answer(request: Request, file: _File) -> Response:
    headers = {
        "Content-Security-Policy": PAGE_POLICY,
        "Cache-Control": "no-cache",
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
    }
    if is_current(request.headers.get("if-none-match", ""), file.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.zipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.type)
    return Response(file.data, headers=headers, media_type=file.type)
