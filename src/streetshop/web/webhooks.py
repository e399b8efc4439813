"""Webhooks of shop systems: which product a delivery is about, and whether the shop sent it.

A webhook only says *which* product changed; what it is now is read from the shop's API. So deliveries that are lost,
repeated, replayed or out of order do no harm.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from streetshop.core.errors import RequestInvalid
from streetshop.feeds.shops.product import Shop
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.sync_state import SyncState
from streetshop.web.problems import Unauthorized

Kind: TypeAlias = Literal["shopify", "woocommerce"]

SIGNATURES: Final[Mapping[Kind, str]] = {
    "shopify": "X-Shopify-Hmac-Sha256",
    "woocommerce": "X-WC-Webhook-Signature",
}
"""The header with the base64 of the HMAC-SHA256 of the body, by its secret."""
TOPICS: Final[Mapping[Kind, str]] = {"shopify": "X-Shopify-Topic", "woocommerce": "X-WC-Webhook-Topic"}
DELIVERIES: Final[Mapping[Kind, str]] = {"shopify": "X-Shopify-Webhook-Id", "woocommerce": "X-WC-Webhook-Delivery-ID"}

_PING: Final = re.compile(rb"webhook_id=\d{1,20}")
_ID: Final = re.compile(r"[1-9]\d{0,19}")


@dataclass(frozen=True, slots=True, eq=False)
class ShopHooks:
    """A shop whose webhooks are taken.

    Attributes:
        kind: of its system.
        shop: its API.
        secret: signs its webhooks.
        state: what the catalog remembers of it.
        fetcher: for its pictures.
        stop: set when the server ends.
    """

    kind: Kind
    shop: Shop
    secret: bytes = field(repr=False)
    state: SyncState
    fetcher: Fetcher
    stop: threading.Event = field(default_factory=threading.Event)

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise Unauthorized unless the body is signed with the secret."""
        name = SIGNATURES[self.kind]
        try:
            offered = base64.b64decode(headers.get(name.lower(), ""), validate=True)
        except (binascii.Error, ValueError):
            offered = b""
        wanted = hmac.new(self.secret, body, hashlib.sha256).digest()
        if not hmac.compare_digest(offered, wanted):
            raise Unauthorized(
                "the webhook's signature is wrong" if offered else "the webhook is not signed",
                where=name,
                hint="Check that the secret of the webhook is the one that the server was started with",
            )


def is_ping(kind: Kind, body: bytes) -> bool:
    """Whether this is WooCommerce's unsigned test of an address, which asks for nothing."""
    return kind == "woocommerce" and _PING.fullmatch(body) is not None


def product_of(kind: Kind, topic: str, body: bytes) -> str | None:
    """The id of the product that a webhook is about; None if it is about something else.

    Raises:
        RequestInvalid: the body is no JSON object with an id.
    """
    group = re.split(r"[/.]", topic, maxsplit=1)[0]
    if group not in ("products", "variants", "product"):
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestInvalid("the webhook is no JSON", where="body", hint="Send it as the shop system does") from None
    if not isinstance(content, dict):
        raise RequestInvalid("the webhook is no object", where="body", hint="Send it as the shop system does")
    parent = "product_id" if kind == "shopify" else "parent_id"
    of_parent = group == "variants" or content.get("type") == "variation"
    found = content.get(parent) if of_parent else content.get("id")
    if isinstance(found, bool) or not isinstance(found, int | str) or not _ID.fullmatch(str(found)):
        raise RequestInvalid("the webhook has no product id", where="id", hint="Send it as the shop system does")
    return str(found)
