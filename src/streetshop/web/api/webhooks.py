"""``POST /v1/webhooks/shopify`` and ``POST /v1/webhooks/woocommerce``."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from streetshop.web import schemas
from streetshop.web.answers import json_response
from streetshop.web.problems import NotServed
from streetshop.web.requests import received_bytes
from streetshop.web.state import state_of
from streetshop.web.webhooks import DELIVERIES, SIGNATURES, TOPICS, Kind, is_ping, product_of

router = APIRouter(tags=["webhooks"])

_MAX_BYTES: Final = 8 * 2**20
_MAX_DELIVERY: Final = 200
_log = logging.getLogger("streetshop.web")


def _extra(kind: Kind) -> dict[str, Any]:
    named = (SIGNATURES[kind], TOPICS[kind], DELIVERIES[kind])
    return {
        "parameters": [{"name": name, "in": "header", "schema": {"type": "string"}} for name in named],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    }


_RESPONSES: Final = schemas.problems(401, 404, 408, 413, 422, 429, 503)


@router.post(
    "/v1/webhooks/shopify",
    response_model=schemas.WebhookOut,
    responses=_RESPONSES,
    summary="A product changed in Shopify",
    openapi_extra=_extra("shopify"),
)
async def shopify(request: Request) -> Response:
    """Topics `products/...` and `variants/...`, signed by the app's secret. The product is read from the shop."""
    return await _take(request, "shopify")


@router.post(
    "/v1/webhooks/woocommerce",
    response_model=schemas.WebhookOut,
    responses=_RESPONSES,
    summary="A product changed in WooCommerce",
    openapi_extra=_extra("woocommerce"),
)
async def woocommerce(request: Request) -> Response:
    """Topics `product....`, signed by the webhook's secret. The product is read from the shop."""
    return await _take(request, "woocommerce")


async def _take(request: Request, kind: Kind) -> Response:
    state = state_of(request)
    hooks = state.hooks.get(kind)
    if hooks is None:
        raise NotServed(f"this server takes no webhooks of {kind}", hint=f"Start it with --sync {kind}=ADDRESS")
    body = await received_bytes(request, state, max_bytes=_MAX_BYTES)
    if is_ping(kind, body):
        return json_response({"done": "ignored"})
    hooks.check(request.headers, body)
    product = product_of(kind, request.headers.get(TOPICS[kind].lower(), ""), body)
    if product is None:
        return json_response({"done": "ignored"})
    # The name of the delivery is not signed: without one, or with a long one, the body names it.
    delivery = request.headers.get(DELIVERIES[kind].lower(), "")[:_MAX_DELIVERY] or hashlib.sha256(body).hexdigest()
    new = await asyncio.to_thread(hooks.state.delivered, delivery, product)
    if new:
        _log.info("%s: product %s is due", hooks.shop.name, product)
    return json_response({"done": "noted" if new else "known"})
