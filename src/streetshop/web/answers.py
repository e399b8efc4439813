"""JSON responses, and where this server has its products' pictures.

What is answered is made by ``present/json.py``. It is not validated through the models of ``schemas.py``: it is on the
path of every search.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from streetshop.core.records import Product
from streetshop.present.json import product_json

_IMAGE_KEY: Final = 16


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``content`` as JSON; NaN is a bug, never an answer."""
    return Response(_json(content), status, headers, media_type="application/json")


def product_response(product: Product, status: int = 200) -> Response:
    """A product with its entity tag."""
    headers = {"Cache-Control": "no-cache", "ETag": product_etag(product)}
    return json_response(product_json(product, image_path), status, headers)


def product_etag(product: Product) -> str:
    """The entity tag of a product: of all that is answered about it, its pictures' hashes included."""
    return etag(_json(product_json(product, image_path)))


def etag(body: bytes) -> str:
    """The strong entity tag of a body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def is_current(if_none_match: str, etag: str) -> bool:
    """Whether an ``If-None-Match`` header names this strong ETag, as RFC 9110 compares them there."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in if_none_match.split(","))


def product_path(product_id: str) -> str:
    """Path of a product on this server; every character of the id that is not plain is percent-encoded."""
    return f"/v1/products/{quote(product_id, safe='')}"


def image_path(product: Product, shot: int) -> str | None:
    """Path of a shot's thumbnail; it holds the picture's hash, so that it may be cached for ever."""
    if not 0 <= shot < len(product.shots):
        return None
    return f"{product_path(product.id)}/image/{shot}?v={image_version(product, shot)}"


def image_version(product: Product, shot: int) -> str:
    """The part of the picture's hash that its address holds."""
    return product.shots[shot].sha256[:_IMAGE_KEY]
