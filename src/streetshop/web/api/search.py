"""``POST /v1/search``, ``POST /v1/search/vector`` and ``POST /v1/look``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from streetshop.catalog.filters import Filter
from streetshop.catalog.store import Store
from streetshop.core.errors import RequestInvalid
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo, PhotoLimits
from streetshop.core.records import Garment, Look
from streetshop.looks import PHOTO_SIDE, read_look
from streetshop.models import Prepared
from streetshop.search.query import Searcher, check_weights, choose_garments, search_vector
from streetshop.web import forms, schemas
from streetshop.web.answers import json_response, look_json, match_json, search_json
from streetshop.web.limits import file_bytes
from streetshop.web.requests import received_bytes, received_form, single_file, while_connected
from streetshop.web.settings import MAX_GARMENTS
from streetshop.web.state import State, state_of

router = APIRouter(tags=["search"])

_VECTOR_BODY: Final = 512 * 1024

_COMMON_FIELDS: Final[dict[str, Any]] = {
    "k": {"type": "integer", "minimum": 1, "default": 20, "description": "Products per garment"},
    "filter": {
        "type": "string",
        "description": "Only products that pass, in the language of `streetshop search --filter`",
        "example": "price <= 80 and in_stock = true",
    },
    "weights": {
        "type": "array",
        "items": {"type": "string"},
        "description": 'How much each block counts: `name=value`, repeated, or one JSON object `{"name": value}`',
        "example": ["style=1", "colour=6"],
    },
}
_PHOTO_FIELD: Final[dict[str, Any]] = {
    "type": "string",
    "format": "binary",
    "description": "JPEG, PNG, WebP; AVIF and HEIC where the server can read them",
}
_MASKS_FIELD: Final[dict[str, Any]] = {"type": "boolean", "default": False, "description": "Answer with masks"}


def _form(fields: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": ["photo"], "properties": {"photo": _PHOTO_FIELD, **fields}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@dataclass(frozen=True, slots=True)
class _Question:
    """A photo search as it was asked."""

    photo: bytes
    k: int
    where: Filter | None
    weights: dict[str, float]
    garment: int | None
    boxes: Sequence[Box]
    vectors: bool
    masks: bool


@router.post(
    "/v1/search",
    response_model=schemas.SearchOut,
    responses=schemas.problems(408, 413, 415, 422, 429, 503),
    summary="Products like the garments of a photo",
    openapi_extra=_form(
        {
            **_COMMON_FIELDS,
            "garment": {"type": "integer", "minimum": 0, "description": "Only this garment of the look"},
            "box": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Instead of garments: `x0,y0,x1,y1` in pixels of the upright photo; may be repeated",
                "example": ["120,80,420,610"],
            },
            "vectors": {"type": "boolean", "default": False, "description": "Answer with vectors too"},
            "masks": _MASKS_FIELD,
        }
    ),
)
async def search(request: Request) -> Response:
    """Finds the garments of a photo, or takes the boxes given, and answers with the nearest products for each.

    The photo is not kept. With `vectors=true` the answer holds what is needed to search again with other weights or
    another filter (`POST /v1/search/vector`) without sending the photo again.
    """
    state = state_of(request)
    settings = state.settings
    async with received_form(request, state, max_files=1, max_bytes=settings.max_body) as form:
        searcher = state.catalog.searcher()
        common = forms.wanted(form, settings)
        garment = forms.one(form, "garment")
        question = _Question(
            photo=single_file(await file_bytes(form, "photo"), "photo"),
            k=common.k,
            where=state.parse_filter(common.filter),
            weights=check_weights(common.weights, searcher.encoder.blocks),
            garment=None if garment is None else forms.whole_number("garment", garment),
            boxes=forms.boxes_of(form),
            vectors=forms.flag(form, "vectors"),
            masks=forms.flag(form, "masks"),
        )
        with state.queue.slot():
            return await while_connected(request, state, _answer(state, searcher, question))


async def _answer(state: State, searcher: Searcher, question: _Question) -> Response:
    look, garments, prepared = await state.queue.decode(lambda: _prepare(searcher, question, state.settings.photo))
    vectors = await state.queue.encode(prepared)

    def find(store: Store) -> Response:
        found = [
            (garment, vector, search_vector(store, vector, question.k, question.where, question.weights))
            for garment, vector in zip(garments, vectors, strict=True)
        ]
        content = search_json(look, found, question.weights, vectors=question.vectors, masks=question.masks)
        return json_response(content)

    return await state.queue.search(lambda: state.catalog.read(find))


def _prepare(
    searcher: Searcher, question: _Question, limits: PhotoLimits
) -> tuple[Look, list[Garment], list[Prepared]]:
    photo = Photo.from_bytes(question.photo, at_least=PHOTO_SIDE, limits=limits)
    if question.boxes:
        look = Look(photo.width, photo.height, (), reader=searcher.reader.name)
        if question.garment is not None:
            raise RequestInvalid("both a garment and a box were given", hint="Give one of them")
        garments = [choose_garments(photo, look, None, box)[0] for box in question.boxes]
    else:
        look = read_look(photo, searcher.reader)
        garments = choose_garments(photo, look, question.garment, None)[:MAX_GARMENTS]
    return look, garments, [searcher.prepare(photo, garment) for garment in garments]


@router.post(
    "/v1/search/vector",
    response_model=schemas.MatchesOut,
    responses=schemas.problems(408, 413, 422, 429, 503),
    summary="Products like a garment searched for before",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.VectorSearchIn.model_json_schema()}},
        }
    },
)
async def search_by_vector(request: Request) -> Response:
    """Searches again with the vector of an earlier answer, under other weights or another filter."""
    state = state_of(request)
    data = await received_bytes(request, state, max_bytes=_VECTOR_BODY)
    try:
        asked = schemas.VectorSearchIn.model_validate_json(data)
    except ValidationError as error:
        raise invalid_json(error) from None
    settings = state.settings
    blocks = state.catalog.searcher().encoder.blocks
    k = settings.default_k if asked.k is None else forms.check_k(asked.k, settings)
    where = state.parse_filter(asked.filter)
    weights = check_weights(asked.weights, blocks)
    vector = forms.vector_of(asked.vector, blocks)

    def find(store: Store) -> Response:
        matches = search_vector(store, vector, k, where, weights)
        return json_response({"matches": [match_json(match) for match in matches], "weights": weights})

    with state.queue.slot():
        return await while_connected(request, state, state.queue.search(lambda: state.catalog.read(find)))


def invalid_json(error: ValidationError) -> RequestInvalid:
    """The first thing wrong with a JSON body, without the input."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return RequestInvalid(str(first["msg"]), where=where, hint="GET /openapi.json describes every field")


@router.post(
    "/v1/look",
    response_model=schemas.LookOut,
    responses=schemas.problems(408, 413, 415, 422, 429),
    summary="What is in a photo: persons, garments, hotspots",
    openapi_extra=_form({"masks": _MASKS_FIELD}),
)
async def look(request: Request) -> Response:
    """Reads a photo and searches for nothing. The photo is not kept."""
    state = state_of(request)
    async with received_form(request, state, max_files=1, max_bytes=state.settings.max_body) as form:
        data = single_file(await file_bytes(form, "photo"), "photo")
        masks = forms.flag(form, "masks")

        def read() -> Response:
            photo = Photo.from_bytes(data, at_least=PHOTO_SIDE, limits=state.settings.photo)
            return json_response(look_json(read_look(photo, state.reader), masks=masks))

        with state.queue.slot():
            return await while_connected(request, state, state.queue.decode(read))
