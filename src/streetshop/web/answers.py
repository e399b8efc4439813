"""Records to JSON. Written by hand rather than validated through the models: it is on the path of every search."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import numpy as np
from PIL import Image
from starlette.responses import Response

from streetshop.core.geometry import COCO_KEYPOINTS, Mask
from streetshop.core.records import Garment, Look, Match, Product, Vector
from streetshop.present.values import garment_json, ranking_json

_IMAGE_KEY: Final = 16


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``content`` as JSON; NaN is a bug, never an answer."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode("utf-8", "replace"), status, headers, media_type="application/json")


def product_path(product_id: str) -> str:
    """Path of a product on this server; every character of the id that is not plain is percent-encoded."""
    return f"/v1/products/{quote(product_id, safe='')}"


def image_path(product: Product, shot: int) -> str | None:
    """Path of a shot's thumbnail; it holds the picture's hash, so that it may be cached for ever."""
    if not 0 <= shot < len(product.shots):
        return None
    return f"{product_path(product.id)}/image/{shot}?v={image_version(product, shot)}"


def image_version(product: Product, shot: int) -> str:
    return product.shots[shot].sha256[:_IMAGE_KEY]


def safe_url(url: str) -> str | None:
    """``url`` if it is http or https; a feed may hold anything."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def product_json(product: Product, shot: int = 0) -> dict[str, Any]:
    """As :class:`schemas.ProductOut`. Where its pictures came from stays on the server."""
    return {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "url": safe_url(product.url),
        "in_stock": product.in_stock,
        "attributes": dict(product.attributes),
        "image": image_path(product, shot),
        "shots": [{"image": image_path(product, i), "sha256": each.sha256} for i, each in enumerate(product.shots)],
    }


def match_json(match: Match) -> dict[str, Any]:
    """As :class:`schemas.MatchOut`."""
    return {**product_json(match.product, match.shot), **ranking_json(match)}


def mask_json(mask: Mask | None) -> dict[str, str] | None:
    """As :class:`schemas.MaskOut`."""
    if mask is None:
        return None
    stream = io.BytesIO()
    Image.fromarray(np.asarray(mask, np.uint8) * 255).convert("1").save(stream, "PNG")
    return {"png": base64.b64encode(stream.getvalue()).decode()}


def vector_text(vector: Vector) -> str:
    """base64 of little-endian float32."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def look_json(look: Look, *, masks: bool) -> dict[str, Any]:
    """As :class:`schemas.LookOut`."""
    return {
        "photo": {"width": look.width, "height": look.height},
        "reader": look.reader,
        "garments": [
            {
                **garment_json(garment),
                "person": garment.person,
                "mask": mask_json(garment.mask) if masks else None,
            }
            for garment in look.garments
        ],
        "persons": [
            {
                "box": list(person.box.corners),
                "keypoints": [
                    {"name": name, "x": point.x, "y": point.y, "visibility": point.visibility, "score": point.score}
                    for name, point in zip(COCO_KEYPOINTS, person.keypoints, strict=False)
                ],
            }
            for person in look.persons
        ],
        "full_shot": look.full_shot,
        "view": look.view,
    }


def search_json(
    look: Look,
    found: Sequence[tuple[Garment, Vector, Sequence[Match]]],
    weights: dict[str, float],
    *,
    vectors: bool,
    masks: bool,
) -> dict[str, Any]:
    """As :class:`schemas.SearchOut`."""
    garments = []
    for garment, vector, matches in found:
        content = garment_json(garment)
        content["matches"] = [match_json(match) for match in matches]
        if vectors:
            content["vector"] = vector_text(vector)
        if masks:
            content["mask"] = mask_json(garment.mask)
        garments.append(content)
    return {
        "garments": garments,
        "photo": {"width": look.width, "height": look.height},
        "reader": look.reader,
        "weights": weights,
    }
