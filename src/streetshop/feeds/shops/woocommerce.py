"""WooCommerce's products, by its REST API, version 3."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from streetshop.core.errors import SyncError
from streetshop.feeds.shops.client import Client, shop_address
from streetshop.feeds.shops.product import (
    ShopProduct,
    ShopVariant,
    amount_of,
    members,
    moment_of,
    picture_addresses,
    text_of,
    variant_rows,
)
from streetshop.feeds.values import Values

_PER_PAGE: Final = 100
_MAX_PAGES: Final = 100_000
_PRODUCTS: Final = "/wp-json/wc/v3/products"
_IN_STOCK: Final = {"instock": True, "outofstock": False, "onbackorder": False}


class WooCommerce:
    """A shop of WooCommerce.

    Args:
        shop: its address, such as ``https://shop.example``.
        key: a consumer key (``ck_...``) that may read.
        secret: its consumer secret (``cs_...``).
        stop: ends waits early.
        pause: the first wait after a failure, in seconds.

    Raises:
        SyncError: the address cannot be used.
    """

    def __init__(
        self, shop: str, key: str, secret: str, *, stop: threading.Event | None = None, pause: float = 1.0
    ) -> None:
        self._client = Client(shop_address(shop), auth=(key, secret), stop=stop, pause=pause)
        self._currency: str | None = None

    @property
    def name(self) -> str:
        """``woocommerce`` and the address without its scheme."""
        return f"woocommerce {self._client.address.partition('://')[2]}"

    def changed(self, since: str | None) -> Iterator[ShopProduct]:
        """The products that were changed after a moment, or all."""
        moment: dict[str, str | int] = {"modified_after": since, "dates_are_gmt": "true"} if since else {}
        for each in self._pages(_PRODUCTS, {**moment, "status": "any", "orderby": "id", "order": "asc"}):
            yield self._product(each)

    def ids(self) -> Iterator[str]:
        """The ids of all products."""
        for each in self._pages(_PRODUCTS, {"status": "any", "orderby": "id", "order": "asc", "_fields": "id"}):
            yield _id(each)

    def by_ids(self, ids: Sequence[str]) -> Iterator[ShopProduct]:
        """Those of the products that exist."""
        wanted = [each for each in ids if each.isascii() and each.isdigit()]
        for start in range(0, len(wanted), _PER_PAGE):
            include = ",".join(wanted[start : start + _PER_PAGE])
            for each in self._pages(_PRODUCTS, {"include": include, "status": "any"}):
                yield self._product(each)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pages(self, path: str, params: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MAX_PAGES):
            answer = self._client.get(path, {**params, "per_page": _PER_PAGE, "page": page})
            if not isinstance(answer.body, list):
                raise SyncError("the answer is no list", where=self._client.address + path, hint="Check the address")
            yield from members(answer.body)
            total = answer.headers.get("x-wp-totalpages", "")
            last = page >= int(total) if total.isascii() and total.isdigit() else len(answer.body) < _PER_PAGE
            if last or not answer.body:
                return

    def _product(self, each: Mapping[str, Any]) -> ShopProduct:
        product_id, updated = _id(each), moment_of(each.get("date_modified_gmt"))
        if state := _state(each):
            return ShopProduct(product_id, updated, state=state)
        categories = [text_of(one.get("name")) for one in members(each.get("categories"))]
        brands = [text_of(one.get("name")) for one in members(each.get("brands"))]
        base: Values = {
            "title": text_of(each.get("name")),
            "category": next((name for name in categories if name.lower() != "uncategorized"), ""),
            "product_type": " > ".join(categories),
            "brand": next(filter(None, brands), ""),
            "currency": self._shop_currency(),
            "url": text_of(each.get("permalink")),
            "handle": text_of(each.get("slug")),
            "tags": ", ".join(text_of(one.get("name")) for one in members(each.get("tags"))),
        }
        for one in members(each.get("attributes")):
            if not one.get("variation") and isinstance(one.get("options"), list):
                base.setdefault(text_of(one.get("name")).lower(), ", ".join(map(text_of, one["options"])))
        variants = list(self._variants(each, product_id)) if each.get("type") == "variable" else []
        gallery = picture_addresses(one.get("src") for one in members(each.get("images")))
        rows = variant_rows(base, product_id, variants or [_variant(each)], gallery)
        return ShopProduct(product_id, updated, tuple(rows))

    def _variants(self, each: Mapping[str, Any], product_id: str) -> Iterator[ShopVariant]:
        if not each.get("variations"):
            return
        for one in self._pages(f"{_PRODUCTS}/{product_id}/variations", {"orderby": "id", "order": "asc"}):
            if one.get("status", "publish") == "publish":
                yield _variant(one)

    def _shop_currency(self) -> str:
        if self._currency is None:
            body = self._client.get("/wp-json/wc/v3/data/currencies/current").body
            self._currency = text_of(body.get("code")) if isinstance(body, Mapping) else ""
        return self._currency


def _variant(each: Mapping[str, Any]) -> ShopVariant:
    """A variation; or a product without any, whose pictures are those of the gallery."""
    options = {
        text_of(one.get("name")): text_of(one.get("option"))
        for one in members(each.get("attributes"))
        if "option" in one
    }
    image = each.get("image")
    return ShopVariant(
        id=_id(each),
        price=amount_of(each.get("price")),
        in_stock=_IN_STOCK.get(str(each.get("stock_status"))),
        options={name: value for name, value in options.items() if value},
        pictures=picture_addresses([image.get("src")] if isinstance(image, Mapping) else ()),
        sku=text_of(each.get("sku")),
        url=text_of(each.get("permalink")),
    )


def _state(each: Mapping[str, Any]) -> str:
    """Why a product is not for sale; empty if it is."""
    status = str(each.get("status", "publish"))
    if status != "publish":
        return "archived" if status == "trash" else "draft"
    return "hidden" if each.get("catalog_visibility") == "hidden" or each.get("type") == "grouped" else ""


def _id(each: Mapping[str, Any]) -> str:
    value = each.get("id")
    if not isinstance(value, int) or isinstance(value, bool):
        raise SyncError(f"{str(value)[:80]!r} is no id of WooCommerce's", where="id", hint="Check the address")
    return str(value)
