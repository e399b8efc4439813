"""The application: routes, middleware and the state they share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from streetshop import __version__
from streetshop.catalog.store import Store
from streetshop.core.errors import ServerError
from streetshop.indexing.fetch import Fetcher
from streetshop.looks import Reader, WholePhotoReader
from streetshop.models import Encoder
from streetshop.web import problems
from streetshop.web.api import bulk, catalog, pages, products, search, webhooks
from streetshop.web.follow import follow
from streetshop.web.hosts import AllowedHosts
from streetshop.web.limits import UploadMemory
from streetshop.web.methods import HeadAsGet
from streetshop.web.metrics import Metrics
from streetshop.web.observe import Observe
from streetshop.web.pages import page_router
from streetshop.web.queue import WorkQueue
from streetshop.web.requests import known_query
from streetshop.web.security import ApiKey
from streetshop.web.settings import Settings
from streetshop.web.state import Catalog, State
from streetshop.web.webhooks import ShopHooks

_log = logging.getLogger("streetshop.web")


def create_app(
    open_store: Callable[[], Store],
    encoder: Encoder,
    reader: Reader = WholePhotoReader(),
    *,
    key: ApiKey | None = None,
    settings: Settings | None = None,
    fetcher: Fetcher | None = None,
    shops: Sequence[ShopHooks] = (),
) -> FastAPI:
    """Make the ASGI application of one catalog.

    Args:
        open_store: opens the catalog; called at the start, and again if the open one fails.
        encoder: the encoder of the catalog; while it is of another one, the server is not ready.
        reader: finds the garments of a photo.
        settings: limits; None for the defaults.
        key: required for writes; None refuses writes.
        fetcher: for pictures that bulk requests name by address; None refuses them.
        shops: whose webhooks are taken, and whose products are read when these say so.
    """
    settings = settings or Settings()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = State(
            settings=settings,
            encoder=encoder,
            reader=reader,
            catalog=await asyncio.to_thread(Catalog, open_store, encoder, reader),
            queue=WorkQueue(encoder, settings, metrics),
            metrics=metrics,
            memory=UploadMemory(settings.upload_memory),
            key=key,
            fetcher=fetcher,
            hooks={each.kind: each for each in shops},
        )
        app.state.streetshop = state
        try:
            await asyncio.to_thread(state.queue.start)
        except ServerError as error:  # every photo is answered with it; the rest of the server works
            _log.error("no photos can be read: %s", error)
        tasks = [asyncio.create_task(state.watch())]
        tasks += [asyncio.create_task(follow(each, state.catalog, state.queue.decode)) for each in shops]
        try:
            yield
        finally:
            for each in shops:
                each.stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state.queue.close()
            state.catalog.close()

    app = FastAPI(
        title="streetshop",
        version=__version__,
        summary="Visual fashion search: a photograph in, the products of a shop's catalog out.",
        lifespan=lifespan,
        docs_url=None,  # both viewers load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(known_query)],
    )
    # The last one is the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(AllowedHosts, names=settings.hosts)
    app.add_middleware(Observe, metrics=metrics)
    problems.install(app)
    app.include_router(search.router)
    app.include_router(pages.router)
    app.include_router(products.router)
    app.include_router(bulk.router)
    app.include_router(webhooks.router)
    app.include_router(catalog.router)
    app.include_router(page_router())
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schema.setdefault("components", {})["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        app.openapi_schema = schema
    return app.openapi_schema
