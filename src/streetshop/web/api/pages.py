"""``POST /v1/page`` and ``GET /v1/products/{id}/look``: the look of a product page."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from streetshop.core.errors import PhotoError
from streetshop.core.photo import Photo
from streetshop.core.records import check_product_id
from streetshop.looks import PHOTO_SIDE
from streetshop.present.pages import page_json
from streetshop.search import Searcher, SearchRequest
from streetshop.search.pages import (
    MAX_PICTURES,
    PAGE_FIXED,
    ReadPicture,
    check_pictures,
    match_page,
    prepare_page,
    read_picture,
    unread_picture,
)
from streetshop.search.stored_looks import stored_look
from streetshop.web import forms, schemas
from streetshop.web.answers import image_path, json_response
from streetshop.web.api.products import decoded_id
from streetshop.web.api.search import COMMON_FIELDS
from streetshop.web.lanes import Patience
from streetshop.web.limits import file_bytes
from streetshop.web.requests import read_catalog, received_form, while_connected
from streetshop.web.settings import MAX_FORM_FIELDS, MAX_GARMENTS
from streetshop.web.state import State, state_of

router = APIRouter(tags=["pages"])

_MAX_NAME: Final = 200


@router.post(
    "/v1/page",
    response_model=schemas.PageOut,
    responses=schemas.problems(408, 413, 415, 422, 429, 503),
    summary="Products like every garment of a product page",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["pictures"],
                        "properties": {
                            "pictures": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                                "minItems": 1,
                                "maxItems": MAX_PICTURES,
                                "description": "All pictures of one product page",
                            },
                            "product": {
                                "type": "string",
                                "description": "Id of the product that the page sells; by default it is recognised",
                            },
                            **{name: each for name, each in COMMON_FIELDS.items() if name not in PAGE_FIXED},
                        },
                    }
                }
            },
        }
    },
)
async def page(request: Request) -> Response:
    """Chooses the best full shot from the front, and answers with products like each garment in it.

    The page's own product and its variants are never among them. Pictures that are not used are listed with the reason.
    None is kept.
    """
    state = state_of(request)
    limit = min(state.settings.photo.max_bytes * MAX_PICTURES, state.settings.upload_memory)
    async with received_form(request, state, max_files=MAX_FORM_FIELDS, max_bytes=limit) as form:
        searcher = state.catalog.searcher()
        names, pictures = _names(form), await file_bytes(form, "pictures")
        check_pictures(len(pictures))
        given = forms.one(form, "product")
        product = None if given is None else check_product_id(given)
        asked = forms.search_request(form, searcher, state.settings)
        with state.queue.photos.slot() as patience:
            answer = _answer(state, searcher, list(zip(names, pictures, strict=True)), product, asked, patience)
            return await while_connected(request, state, answer)


@router.get(
    "/v1/products/{product_id}/look",
    response_model=schemas.PageOut,
    responses=schemas.problems(404, 422, 429, 503),
    summary="The look of a product's page, made in advance",
)
async def product_look(product_id: str, request: Request) -> Response:
    """The look that `streetshop page --feed` made of a product's pictures, with products as the catalog has them now.

    404 when none was made, or when the product's pictures, kind or design changed since.
    """
    state, wanted = state_of(request), decoded_id(product_id)

    def find(searcher: Searcher) -> Response:
        answer = page_json(stored_look(searcher.store, wanted), image_path)
        return json_response(answer, headers={"Cache-Control": "no-cache"})

    return await read_catalog(request, state, lambda: state.catalog.read(find))


async def _answer(
    state: State,
    searcher: Searcher,
    pictures: list[tuple[str, bytes]],
    product: str | None,
    asked: SearchRequest,
    patience: Patience,
) -> Response:
    """The stages of a page, each in its lane; one picture after the other, so that a page is no burst of requests."""
    read: list[ReadPicture] = []
    refused: list[PhotoError] = []
    for name, data in pictures:

        def look(photo: Photo, name: str = name) -> ReadPicture:
            return read_picture(searcher, photo, name, MAX_GARMENTS)

        try:
            read.append(await state.queue.look(data, look, patience, side=PHOTO_SIDE, where=name))
        except PhotoError as error:
            refused.append(error)
            read.append(unread_picture(name, error.what))
    if len(refused) == len(pictures):
        raise refused[0]
    prepared = await state.queue.search(
        lambda: state.catalog.read(lambda searcher: prepare_page(searcher.store, read, product)), patience
    )
    vectors = await state.queue.encode(prepared.prepared, patience, "shop")

    def match(searcher: Searcher) -> Response:
        return json_response(page_json(match_page(searcher, prepared, vectors, asked), image_path))

    return await state.queue.search(lambda: state.catalog.read(match), patience)


def _names(form: FormData) -> list[str]:
    """The file names that the sender gave its pictures; a number for those without one."""
    files = [value for value in form.getlist("pictures") if isinstance(value, UploadFile)]
    return [(file.filename or f"pictures[{i}]")[:_MAX_NAME] for i, file in enumerate(files)]
