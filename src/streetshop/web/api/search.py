"""``POST /v1/search``, ``POST /v1/search/vector`` and ``POST /v1/look``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from streetshop.core.errors import RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import Match
from streetshop.looks import PHOTO_SIDE, read_look
from streetshop.present.json import answer_json, found_json, look_json, match_json
from streetshop.search import Query, Searcher, SearchRequest
from streetshop.search.match import find
from streetshop.search.text import MAX_TEXT
from streetshop.search.together import MAX_PHOTOS, check_photos
from streetshop.web import forms, schemas
from streetshop.web.answers import image_path, json_response
from streetshop.web.lanes import Patience
from streetshop.web.limits import file_bytes
from streetshop.web.requests import (
    invalid_json,
    read_catalog,
    received_bytes,
    received_form,
    single_file,
    while_connected,
)
from streetshop.web.settings import MAX_FORM_FIELDS, MAX_GARMENTS
from streetshop.web.state import State, state_of

router = APIRouter(tags=["search"])

_VECTOR_BODY: Final = 512 * 1024

COMMON_FIELDS: Final[dict[str, Any]] = {
    "k": {"type": "integer", "minimum": 1, "default": 20, "description": "Products per garment"},
    "filter": {
        "type": "string",
        "description": "Only products that pass, in the language of `streetshop search --filter`",
        "example": "price <= 80 and in_stock = true",
    },
    "weights": {
        "type": "array",
        "items": {"type": "string"},
        "description": "What counts: the name of a preset (`presets` of `/v1/catalog`), or how much each block counts: "
        '`name=value`, repeated, or one JSON object `{"name": value}`',
        "example": ["style=1", "colour=6"],
    },
    "kinds": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Kinds of products: `auto` (the garment's own, the default), `any`, or names, repeated",
        "example": ["dress", "skirt"],
    },
    "variants": {
        "type": "string",
        "enum": ["design", "all"],
        "default": "design",
        "description": "One result for each design, or for each product",
    },
    "offset": {"type": "integer", "minimum": 0, "default": 0, "description": "Results to skip: the next page"},
    "text": {
        "type": "string",
        "maxLength": MAX_TEXT,
        "description": "Words; products that have all of them come first",
        "example": "linen shirt",
    },
    "explain": {"type": "boolean", "default": False, "description": "Every match says what its score rests on"},
    "diverse": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0,
        "description": "How much the results are to differ from each other",
    },
    "min_score": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0,
        "description": "Least score of a product: the probability that a person calls it alike",
    },
}
"""Of every search that is a form or a query string."""
_PHOTO_FIELD: Final[dict[str, Any]] = {
    "type": "string",
    "format": "binary",
    "description": "JPEG, PNG, WebP; AVIF and HEIC where the server can read them",
}
_MASKS_FIELD: Final[dict[str, Any]] = {"type": "boolean", "default": False, "description": "Answer with masks"}


def _form(fields: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": ["photo"], "properties": {"photo": _PHOTO_FIELD, **fields}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post(
    "/v1/search",
    response_model=schemas.SearchOut,
    responses=schemas.problems(408, 413, 415, 422, 429, 503),
    summary="Products like the garments of a photo",
    openapi_extra=_form(
        {
            **COMMON_FIELDS,
            "garment": {"type": "integer", "minimum": 0, "description": "Only this garment of the look"},
            "box": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Instead of garments: `x0,y0,x1,y1` in pixels of the upright photo; can be repeated",
                "example": ["120,80,420,610"],
            },
            "one_garment": {
                "type": "boolean",
                "default": False,
                "description": f"All photos show one garment, which is searched for once; 2 to {MAX_PHOTOS} photos",
            },
            "vectors": {"type": "boolean", "default": False, "description": "Answer with vectors too"},
            "masks": _MASKS_FIELD,
            "photo": {"type": "array", "items": _PHOTO_FIELD, "description": "One; several with `one_garment`"},
        }
    ),
)
async def search(request: Request) -> Response:
    """Finds the garments of a photo, or takes the boxes given, and answers with the nearest products for each.

    With `one_garment=true` several photos are one query: the garment that all of them show (`garment` is its index in
    the first photo), by the mean of its vectors. `views` says what was taken from each photo.

    The photo is not kept. With `vectors=true` the answer holds what is needed to search again with other weights or
    another filter (`POST /v1/search/vector`) without sending the photo again.
    """
    state = state_of(request)
    settings = state.settings
    async with received_form(request, state, max_files=MAX_FORM_FIELDS, max_bytes=settings.max_body) as form:
        searcher = state.catalog.searcher()
        photos, together = await file_bytes(form, "photo"), forms.flag(form, "one_garment")
        if not together:
            single_file(photos, "photo", "one picture; or, if all show one garment, also one_garment=true")
        number = forms.one(form, "garment")
        garment = None if number is None else forms.whole_number("garment", number)
        asked = forms.search_request(form, searcher, settings, garment=garment, boxes=forms.boxes_of(form))
        if together:
            check_photos(len(photos), boxed=bool(asked.boxes))
        vectors, masks = forms.flag(form, "vectors"), forms.flag(form, "masks")
        work = partial(_answer_together if together else _answer, state, searcher, photos, asked, vectors, masks)
        with state.queue.photos.slot() as patience:
            return await while_connected(request, state, work(patience))


async def _answer(
    state: State,
    searcher: Searcher,
    photos: Sequence[bytes],
    asked: SearchRequest,
    vectors: bool,
    masks: bool,
    patience: Patience,
) -> Response:
    """The three stages of a search with one photo, each in its lane."""

    def prepare(photo: Photo) -> Query:
        return searcher.prepare(photo, asked, MAX_GARMENTS)

    query = await state.queue.look(photos[0], prepare, patience, side=PHOTO_SIDE)
    encoded = await state.queue.encode(query.pictures, patience)

    def match(searcher: Searcher) -> Response:
        answer = searcher.match(query, encoded, asked)
        return json_response(answer_json(answer, image_path, vectors=vectors, masks=masks))

    return await state.queue.search(lambda: state.catalog.read(match), patience)


async def _answer_together(
    state: State,
    searcher: Searcher,
    photos: Sequence[bytes],
    asked: SearchRequest,
    vectors: bool,
    masks: bool,
    patience: Patience,
) -> Response:
    """The same for several photos of one garment, which are read one after the other."""
    names = [f"photo {number}" for number in range(1, len(photos) + 1)]
    queries = []
    for number, data in enumerate(photos):

        def prepare(photo: Photo, number: int = number) -> Query:
            return searcher.prepare_together(photo, asked, number)

        queries.append(await state.queue.look(data, prepare, patience, side=PHOTO_SIDE, where=names[number]))
    encoded = await state.queue.encode([picture for query in queries for picture in query.pictures], patience)

    def match(searcher: Searcher) -> Response:
        answer = searcher.match_together(queries, encoded, asked, names)
        return json_response(answer_json(answer, image_path, vectors=vectors, masks=masks))

    return await state.queue.search(lambda: state.catalog.read(match), patience)


@router.post(
    "/v1/search/vector",
    response_model=schemas.VectorSearchOut,
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
    """Searches again with the vector of an earlier answer, under other weights or another filter, or its next page.

    All kinds are searched unless `searched` of the earlier answer, or `kinds`, is sent too.
    """
    state = state_of(request)
    data = await received_bytes(request, state, max_bytes=_VECTOR_BODY)
    try:
        asked = schemas.VectorSearchIn.model_validate_json(data)
    except ValidationError as error:
        raise invalid_json(error) from None
    if asked.kinds is not None and asked.searched:
        raise RequestInvalid("both kinds and searched are given", where="searched", hint="Give one of them")
    searcher = state.catalog.searcher()
    wanted = forms.checked(
        searcher,
        state.settings,
        k=asked.k,
        where=asked.filter,
        weights=asked.weights,
        kinds=asked.kinds,
        variants=asked.variants == "all",
        offset=asked.offset,
        text=asked.text,
        diverse=asked.diverse,
        explain=asked.explain,
        min_score=asked.min_score,
    )
    vector = forms.vector_of(asked.vector, searcher.encoder.blocks)

    def find(searcher: Searcher) -> Response:
        found = searcher.near(vector, wanted, {kind: p for kind, p in asked.searched.items() if p > 0})
        return json_response({**found_json(found, image_path), "weights": wanted.weights})

    return await read_catalog(request, state, lambda: state.catalog.read(find))


@router.get(
    "/v1/search/text",
    response_model=schemas.MatchesOut,
    responses=schemas.problems(422, 429, 503),
    summary="Products that have some words",
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "schema": schema, "required": name == "text"}
            for name, schema in COMMON_FIELDS.items()
            if name not in ("weights", "explain")
        ]
    },
)
async def search_by_text(request: Request) -> Response:
    """Searches with words alone: in titles, categories, brands, kinds and attributes.

    A word that no product has stands for those that differ in one or two letters.
    """
    state = state_of(request)
    asked = forms.search_request(request.query_params, state.catalog.searcher(), state.settings)

    def answer(searcher: Searcher) -> Response:
        return matches_response(find(searcher.store, asked), asked)

    return await read_catalog(request, state, lambda: state.catalog.read(answer))


def matches_response(matches: Sequence[Match], request: SearchRequest) -> Response:
    """Products, nearest first, with the weights that ranked them."""
    content = [match_json(match, image_path) for match in matches]
    return json_response({"matches": content, "weights": request.weights})


@router.post(
    "/v1/search/heatmap",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **schemas.problems(404, 408, 413, 415, 422, 429, 503)},
    summary="Where in a garment the similarity to a product comes from",
    openapi_extra=_form(
        {
            "product": {"type": "string", "description": "Id of a match"},
            "shot": {"type": "integer", "minimum": 0, "default": 0, "description": "Of the match"},
            "weights": COMMON_FIELDS["weights"],
            "garment": {"type": "integer", "minimum": 0, "default": 0, "description": "Of the look"},
            "box": {"type": "string", "description": "Instead of a garment: `x0,y0,x1,y1`"},
        }
    ),
)
async def heatmap(request: Request) -> Response:
    """A PNG of the garment, redder where covering it lowers the similarity more.

    Fifty pictures are encoded: ask on demand.
    """
    state = state_of(request)
    async with received_form(request, state, max_files=1, max_bytes=state.settings.max_body) as form:
        searcher = state.catalog.searcher()
        photo = single_file(await file_bytes(form, "photo"), "photo")
        product = forms.one(form, "product")
        if product is None:
            raise RequestInvalid("product is missing", where="product", hint="Send the id of a match")
        boxes, number = forms.boxes_of(form), forms.one(form, "garment")
        if len(boxes) > 1:
            raise RequestInvalid(f"{len(boxes)} boxes are given", where="box", hint="Give one")
        garment = None if number is None else forms.whole_number("garment", number)
        shot = forms.whole_number("shot", forms.one(form, "shot") or "0")
        asked = forms.search_request(form, searcher, state.settings, garment=garment, boxes=boxes)

        async def answer(patience: Patience) -> Response:
            covered = await state.queue.look(
                photo, lambda decoded: searcher.cover(decoded, asked), patience, side=PHOTO_SIDE
            )
            vectors = await state.queue.encode(covered.prepared, patience)

            def draw(searcher: Searcher) -> Response:
                return Response(searcher.heatmap(covered, vectors, product, asked, shot), media_type="image/png")

            return await state.queue.search(lambda: state.catalog.read(draw), patience)

        with state.queue.photos.slot() as patience:
            return await while_connected(request, state, answer(patience))


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

        def read(photo: Photo) -> Response:
            return json_response(look_json(read_look(photo, state.reader), masks=masks))

        with state.queue.photos.slot() as patience:
            return await while_connected(request, state, state.queue.look(data, read, patience, side=PHOTO_SIDE))
