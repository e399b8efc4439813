"""``GET /v1/catalog``, ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from streetshop.catalog.filters import MAX_LENGTH
from streetshop.core.pictures.formats import readable_formats
from streetshop.present.json import blocks_json, presets_json, product_json
from streetshop.search.request import MAX_BOXES, MAX_OFFSET
from streetshop.search.text import MAX_TEXT
from streetshop.search.together import MAX_PHOTOS
from streetshop.web import schemas
from streetshop.web.answers import image_path, json_response
from streetshop.web.requests import while_connected
from streetshop.web.state import CatalogFacts, State, state_of

router = APIRouter()


@router.get(
    "/v1/catalog",
    tags=["catalog"],
    response_model=schemas.CatalogOut,
    responses=schemas.problems(429, 503),
    summary="Figures, blocks, filterable fields and limits",
)
async def catalog(request: Request) -> Response:
    """Everything a client needs to offer filters, presets and weights. Figures may be half a minute old."""
    state = state_of(request)
    with state.queue.reads.slot() as patience:
        facts = await while_connected(request, state, state.queue.count(state.catalog.facts, patience))
    return json_response(_catalog_json(state, facts), headers={"Cache-Control": "no-cache"})


def _catalog_json(state: State, facts: CatalogFacts) -> dict[str, object]:
    settings = state.settings
    return {
        "products": facts.products,
        "shots": facts.shots,
        "indexed": facts.indexed,
        "recall": facts.recall,
        "generation": facts.meta.generation,
        "kinds": dict(facts.kinds),
        "looks": facts.looks,
        "encoder": state.encoder.name,
        "fingerprint": state.encoder.fingerprint,
        "reader": state.reader.name,
        "formats": readable_formats(),
        "blocks": blocks_json(state.encoder.blocks),
        "presets": presets_json(state.encoder.blocks),
        "fields": [
            {
                "name": field.name,
                "type": field.type,
                "values": [{"value": value, "count": count} for value, count in field.values],
                "bounds": field.bounds and list(field.bounds),
            }
            for field in facts.fields
        ],
        "samples": [product_json(product, image_path) for product in facts.samples],
        "limits": {
            "photo_bytes": settings.photo.max_bytes,
            "photo_pixels": settings.photo.max_pixels,
            "k": settings.max_k,
            "offset": MAX_OFFSET,
            "boxes": MAX_BOXES,
            "photos": MAX_PHOTOS,
            "filter_characters": MAX_LENGTH,
            "text_characters": MAX_TEXT,
        },
    }


@router.get("/healthz", tags=["operation"], response_model=schemas.StatusOut, summary="The process answers")
async def healthz() -> Response:
    """200 while the event loop runs, whatever the state of the catalog."""
    return json_response({"status": "ok"})


@router.get(
    "/readyz",
    tags=["operation"],
    response_model=schemas.StatusOut,
    responses={503: {"model": schemas.StatusOut, "description": "Searches cannot be answered; `reason` says why"}},
    summary="Searches can be answered",
)
async def readyz(request: Request) -> Response:
    """503 with the reason while the catalog is missing, corrupt or of another encoder.

    With a damaged search index, searches are answered from the table: the status is `degraded`.
    """
    served = state_of(request).catalog
    why, damage = served.why_not_ready, served.damage
    if why is None:
        return json_response({"status": "degraded", "reason": damage} if damage else {"status": "ok"})
    return json_response({"status": "not ready", "reason": why}, 503, {"Retry-After": "5"})


@router.get("/metrics", tags=["operation"], response_class=Response, summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    """Counters and histograms in Prometheus' text format."""
    metrics = state_of(request).metrics
    return Response(metrics.text(), media_type=metrics.content_type)
