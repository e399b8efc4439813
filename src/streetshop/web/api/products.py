"""Products of the catalog: read, look for similar ones, write, delete."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from streetshop.catalog.store import Store
from streetshop.core.errors import ProductMissing, RequestInvalid
from streetshop.core.records import Product, check_product_id
from streetshop.search import Searcher
from streetshop.web import forms, schemas
from streetshop.web.answers import etag, image_version, is_current, product_response
from streetshop.web.api.search import COMMON_FIELDS, matches_response
from streetshop.web.conditions import condition
from streetshop.web.limits import file_bytes
from streetshop.web.requests import check_type, invalid_json, read_catalog, received_bytes, received_form
from streetshop.web.security import require_key
from streetshop.web.settings import MAX_SHOTS
from streetshop.web.state import state_of
from streetshop.web.writing import delete_product, patch_product, put_product

router = APIRouter(tags=["products"])

_PATCHES: Final = ("application/merge-patch+json", "application/json")
_PATCH_BYTES: Final = 512 * 1024
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_NOW: Final = "public, max-age=0, must-revalidate"
_KEY: Final[list[dict[str, list[str]]]] = [{"apiKey": []}, {"bearer": []}]
_ETAG: Final = {"ETag": {"schema": {"type": "string"}, "description": "Changes with the fields and the pictures"}}
_CONDITIONS: Final = [
    {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "ETags, or `*`. The product is changed only if it is stored with one of them; otherwise 412.",
    },
    {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`*`: the product is stored only if there is none with its id; otherwise 412.",
    },
]


def decoded_id(segment: str) -> str:
    """The product id in a path segment that is still percent-encoded, so that an id may hold any character."""
    try:
        return check_product_id(unquote(segment, errors="strict"))
    except UnicodeDecodeError:
        raise RequestInvalid("the product id is no UTF-8", where="id", hint="Percent-encode its UTF-8 bytes") from None


def _get(store: Store, product_id: str) -> Product:
    product = store.get([product_id])[0]
    if product is None:
        raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")
    return product


@router.get(
    "/v1/products/{product_id}",
    response_model=schemas.ProductOut,
    responses={
        200: {"headers": _ETAG},
        304: {"description": "As `If-None-Match` says"},
        **schemas.problems(404, 422, 429, 503),
    },
    summary="A product",
)
async def get_product(product_id: str, request: Request) -> Response:
    """One product by its id, percent-encoded (`/` as `%2F`). Its `ETag` changes with its fields and its pictures."""
    state, wanted = state_of(request), decoded_id(product_id)
    store = state.catalog.store()
    product = await read_catalog(request, state, lambda: _get(store, wanted))
    response = product_response(product)
    if is_current(request.headers.get("if-none-match", ""), response.headers["ETag"]):
        return Response(status_code=304, headers={name: response.headers[name] for name in ("ETag", "Cache-Control")})
    return response


@router.get(
    "/v1/products/{product_id}/similar",
    response_model=schemas.MatchesOut,
    responses=schemas.problems(404, 422, 429, 503),
    summary="Products like a product",
    openapi_extra={
        "parameters": [
            *({"name": name, "in": "query", "schema": schema} for name, schema in COMMON_FIELDS.items()),
            {"name": "shot", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}},
        ]
    },
)
async def similar(product_id: str, request: Request) -> Response:
    """The products nearest to a shot of a product, without that product."""
    state, wanted = state_of(request), decoded_id(product_id)
    searcher = state.catalog.searcher()
    asked = forms.search_request(request.query_params, searcher, state.settings)
    shot = forms.whole_number("shot", forms.one(request.query_params, "shot") or "0")

    def find(searcher: Searcher) -> Response:
        return matches_response(searcher.similar(wanted, asked, shot), asked)

    return await read_catalog(request, state, lambda: state.catalog.read(find))


@router.get(
    "/v1/products/{product_id}/image/{shot}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **schemas.problems(404, 422, 429, 503)},
    summary="Thumbnail of a shot",
    openapi_extra={
        "parameters": [
            {"name": "v", "in": "query", "schema": {"type": "string"}, "description": "Of the picture's hash"}
        ]
    },
)
async def image(product_id: str, shot: str, request: Request) -> Response:
    """A small JPEG without metadata. With the picture's hash as `v`, as in every answer, it may be cached for ever."""
    state, wanted = state_of(request), decoded_id(product_id)
    number = forms.whole_number("shot", shot)
    store = state.catalog.store()

    def fetch() -> tuple[Product, bytes | None]:
        product = _get(store, wanted)
        if not 0 <= number < len(product.shots):
            raise ProductMissing(f"product {wanted!r} has {len(product.shots)} shots, no number {number}")
        return product, store.thumbnail(wanted, number)

    product, data = await read_catalog(request, state, fetch)
    if not data:
        raise ProductMissing(f"no thumbnail is kept for shot {number} of product {wanted!r}")
    version = image_version(product, number)
    tag = etag(data)
    headers = {
        "ETag": tag,
        "Cache-Control": _FOR_EVER if version and request.query_params.get("v") == version else _FOR_NOW,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": "inline",
    }
    if is_current(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="image/jpeg")


@router.put(
    "/v1/products/{product_id}",
    response_model=schemas.ProductOut,
    responses={
        200: {"headers": _ETAG},
        201: {"model": schemas.ProductOut, "headers": _ETAG},
        **schemas.problems(401, 408, 412, 413, 415, 422, 423, 429, 503),
    },
    summary="Add or replace a product",
    openapi_extra={
        "security": _KEY,
        "parameters": _CONDITIONS,
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["product"],
                        "properties": {
                            "product": schemas.ProductIn.model_json_schema(),
                            "pictures": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                                "maxItems": MAX_SHOTS,
                                "description": "The first is the main one. Without any, the stored ones stay.",
                            },
                        },
                    }
                }
            },
        },
    },
)
async def put(product_id: str, request: Request) -> Response:
    """Stored and searchable when this answers. 201 when the product is new, 200 when it was there."""
    state = state_of(request)
    require_key(request, state.key)
    wanted, demanded = decoded_id(product_id), condition(request.headers)
    limit = min(state.settings.photo.max_bytes * MAX_SHOTS, state.settings.upload_memory)
    async with received_form(request, state, max_files=MAX_SHOTS, max_bytes=limit) as form:
        described = _product_in(form, wanted)
        pictures = await file_bytes(form, "pictures")
        with state.queue.writes.slot() as patience:
            product, new = await put_product(state, wanted, described, pictures, demanded, patience)
    return product_response(product, 201 if new else 200)


def _product_in(form: FormData, product_id: str) -> schemas.ProductIn:
    text = forms.one(form, "product")
    if text is None:
        raise RequestInvalid("product is missing", where="product", hint="Send it as JSON in the form field product")
    try:
        described = schemas.ProductIn.model_validate_json(text)
    except ValidationError as error:
        raise invalid_json(error) from None
    check_same_id(described.id, product_id)
    return described


def check_same_id(given: str | None, product_id: str) -> None:
    """Raise RequestInvalid if the product that is sent has another id than the request."""
    if given is not None and check_product_id(given) != product_id:
        raise RequestInvalid("the id in the product is not the one in the path", where="id", hint="Leave it out")


@router.patch(
    "/v1/products/{product_id}",
    response_model=schemas.ProductOut,
    responses={200: {"headers": _ETAG}, **schemas.problems(401, 404, 408, 412, 413, 415, 422, 423, 429, 503)},
    summary="Change fields of a product",
    openapi_extra={
        "security": _KEY,
        "parameters": _CONDITIONS[:1],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": schemas.ProductPatch.model_json_schema()} for kind in _PATCHES},
        },
    },
)
async def patch(product_id: str, request: Request) -> Response:
    """A JSON merge patch (RFC 7396): fields that it does not name stay, `null` empties one, and so for each attribute.

    Pictures and vectors stay, so nothing is embedded.
    """
    state = state_of(request)
    require_key(request, state.key)
    wanted, demanded = decoded_id(product_id), condition(request.headers)
    check_type(request, _PATCHES)
    data = await received_bytes(request, state, max_bytes=_PATCH_BYTES)
    try:
        changes = schemas.ProductPatch.model_validate_json(data)
    except ValidationError as error:
        raise invalid_json(error) from None
    check_same_id(changes.id, wanted)
    with state.queue.writes.slot() as patience:
        product = await patch_product(state, wanted, changes, demanded, patience)
    return product_response(product)


@router.delete(
    "/v1/products/{product_id}",
    status_code=204,
    responses=schemas.problems(401, 404, 412, 422, 423, 429, 503),
    summary="Delete a product",
    openapi_extra={"security": _KEY, "parameters": _CONDITIONS},
)
async def delete(product_id: str, request: Request) -> Response:
    """The product never comes back in any search once this has answered."""
    state = state_of(request)
    require_key(request, state.key)
    wanted, demanded = decoded_id(product_id), condition(request.headers)
    with state.queue.writes.slot() as patience:
        await delete_product(state, wanted, demanded, patience)
    return Response(status_code=204)
