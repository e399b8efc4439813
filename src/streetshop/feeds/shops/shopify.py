"""Shopify's products, by the GraphQL Admin API.

Pages are taken by id (``id:>=N``), since Shopify ends a list of pages after 25,000 products. The rate limit is a bucket
of points: an answer says how many are left and how fast it fills.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from streetshop.core.errors import SyncError
from streetshop.core.terminal import one_line
from streetshop.feeds.shops.client import TRIES, Client, shop_address
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

API_VERSION: Final = "2025-07"

_PAGE, _IDS, _VARIANTS, _PICTURES, _MOST_PAGES = 25, 250, 100, 60, 50
_GID: Final = "gid://shopify/Product/"
_PICTURE: Final = "nodes { ... on MediaImage { image { url } } }"
_VARIANT: Final = (
    "pageInfo { hasNextPage endCursor } nodes { id sku price availableForSale selectedOptions { name value } "
    f"media(first: 1) {{ {_PICTURE} }} }}"
)
_PRODUCT: Final = (
    "id handle title vendor productType status publishedAt updatedAt onlineStoreUrl tags category { fullName } "
    f"media(first: {_PICTURES}) {{ {_PICTURE} }} variants(first: {_VARIANTS}) {{ {_VARIANT} }}"
)
_LIST: Final = (
    f"query($first: Int!, $query: String) {{ products(first: $first, query: $query, sortKey: ID) "
    f"{{ nodes {{ {_PRODUCT} }} }} }}"
)
_NODES: Final = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Product {{ {_PRODUCT} }} }} }}"
_ID_LIST: Final = (
    "query($first: Int!, $query: String) { products(first: $first, query: $query, sortKey: ID) { nodes { id } } }"
)
_MORE: Final = (
    f"query($id: ID!, $after: String) {{ product(id: $id) {{ variants(first: {_VARIANTS}, after: $after) "
    f"{{ {_VARIANT} }} }} }}"
)
_STATES: Final = {"DRAFT": "draft", "ARCHIVED": "archived", "UNLISTED": "hidden"}


class Shopify:
    """A Shopify shop.

    Args:
        shop: ``mine.myshopify.com``, or its address.
        token: of a custom app that may read products.
        api_version: of the Admin API.
        stop: ends waits early.
        pause: the first wait after a failure, in seconds.

    Raises:
        SyncError: the address cannot be used.
    """

    def __init__(
        self,
        shop: str,
        token: str,
        *,
        api_version: str = API_VERSION,
        stop: threading.Event | None = None,
        pause: float = 1.0,
    ) -> None:
        if "." not in shop and "/" not in shop and ":" not in shop:
            shop = f"{shop}.myshopify.com"
        self._client = Client(shop_address(shop), headers={"X-Shopify-Access-Token": token}, stop=stop, pause=pause)
        self._path = f"/admin/api/{api_version}/graphql.json"
        self._page = _PAGE
        self._pause = pause
        self._currency: str | None = None

    @property
    def name(self) -> str:
        """``shopify`` and the host name."""
        return f"shopify {self._client.address.partition('://')[2]}"

    def changed(self, since: str | None) -> Iterator[ShopProduct]:
        """The products that were changed at or after a moment, or all."""
        condition = f"updated_at:>='{since}'" if since else ""
        for node in self._pages(_LIST, condition, large=False):
            yield self._product(node)

    def ids(self) -> Iterator[str]:
        """The ids of all products."""
        for node in self._pages(_ID_LIST, "", large=True):
            yield str(_number(node))

    def by_ids(self, ids: Sequence[str]) -> Iterator[ShopProduct]:
        """Those of the products that exist."""
        for start in range(0, len(ids), _PAGE):
            wanted = [f"{_GID}{each}" for each in ids[start : start + _PAGE] if each.isdigit()]
            if wanted:
                for node in members(self._ask(_NODES, {"ids": wanted}).get("nodes")):
                    if node.get("id"):
                        yield self._product(node)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pages(self, query: str, condition: str, *, large: bool) -> Iterator[Mapping[str, Any]]:
        least = 0
        while True:
            first = _IDS if large else self._page
            terms = [condition, f"id:>={least}" if least else ""]
            data = self._ask(query, {"first": first, "query": " AND ".join(filter(None, terms))}, shrink=not large)
            products = data.get("products")
            nodes = members(products.get("nodes")) if isinstance(products, Mapping) else None
            if nodes is None:
                raise SyncError(
                    "the answer has no products", where=self._client.address, hint="Check the API's version"
                )
            yield from nodes
            if not nodes:
                return
            last = max(map(_number, nodes))
            if last < least:
                raise SyncError(
                    "the shop gives the same page again", where=self._client.address, hint="Run again later"
                )
            if len(nodes) < (first if large else min(first, self._page)):
                return
            least = last + 1

    def _ask(self, query: str, variables: dict[str, Any], *, shrink: bool = False) -> Mapping[str, Any]:
        """The data of a GraphQL query. With ``shrink``, a page that costs too much is made smaller."""
        pause = self._pause
        for _ in range(2 * TRIES):
            body = self._client.post(self._path, {"query": query, "variables": variables}).body
            cost = _member(_member(body, "extensions"), "cost")
            codes, message = _errors(body)
            if "THROTTLED" in codes:
                self._client.wait(max(_missing_points(cost), pause))
                pause *= 2
                continue
            if "MAX_COST_EXCEEDED" in codes and shrink and self._page > 1:
                self._page = variables["first"] = max(self._page // 2, 1)
                continue
            data = _member(body, "data")
            if codes or not data:
                raise self._error(
                    f"the shop refused the query ({message or 'no data'})",
                    "Check that the app may read products (scope read_products)",
                )
            # The next query costs about as much: wait until the bucket holds it.
            if points := _missing_points(cost):
                self._client.wait(points)
            return data
        raise SyncError(
            "the shop's rate limit is used up by others", where=self._client.address, hint="Run again later"
        )

    def _error(self, what: str, hint: str) -> SyncError:
        return SyncError(what, where=self._client.address, hint=hint)

    def _product(self, node: Mapping[str, Any]) -> ShopProduct:
        product_id, updated = str(_number(node)), moment_of(node.get("updatedAt"))
        state = _STATES.get(str(node.get("status")), "") or ("" if node.get("publishedAt") else "hidden")
        if state:
            return ShopProduct(product_id, updated, state=state)
        variants = [_variant(each) for each in self._variants(node)] or [ShopVariant(product_id)]
        tags = node.get("tags")
        base: Values = {
            "title": text_of(node.get("title")),
            "category": text_of(node.get("productType")),
            "product_type": text_of(_member(node, "category").get("fullName")),
            "brand": text_of(node.get("vendor")),
            "currency": self._shop_currency(),
            "url": text_of(node.get("onlineStoreUrl")),
            "handle": text_of(node.get("handle")),
            "tags": ", ".join(each for each in tags if isinstance(each, str)) if isinstance(tags, list) else "",
        }
        rows = variant_rows(base, product_id, variants, _pictures(node))
        return ShopProduct(product_id, updated, tuple(rows))

    def _variants(self, node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        page = _member(node, "variants")
        yield from members(page.get("nodes"))
        for _ in range(_MOST_PAGES):
            info = _member(page, "pageInfo")
            after = info.get("endCursor")
            if not info.get("hasNextPage") or not isinstance(after, str):
                return
            page = _member(_member(self._ask(_MORE, {"id": node.get("id"), "after": after}), "product"), "variants")
            yield from members(page.get("nodes"))

    def _shop_currency(self) -> str:
        if self._currency is None:
            shop = _member(self._ask("{ shop { currencyCode } }", {}), "shop")
            self._currency = text_of(shop.get("currencyCode"))
        return self._currency


def _variant(node: Mapping[str, Any]) -> ShopVariant:
    options = {text_of(each.get("name")): text_of(each.get("value")) for each in members(node.get("selectedOptions"))}
    available = node.get("availableForSale")
    return ShopVariant(
        id=str(_number(node)),
        price=amount_of(node.get("price")),
        in_stock=available if isinstance(available, bool) else None,
        options={name: value for name, value in options.items() if value != "Default Title"},
        pictures=_pictures(node),
        sku=text_of(node.get("sku")),
    )


def _pictures(node: Mapping[str, Any]) -> tuple[str, ...]:
    images = (_member(each, "image") for each in members(_member(node, "media").get("nodes")))
    return picture_addresses(image.get("url") for image in images)


def _number(node: Mapping[str, Any]) -> int:
    """The number at the end of ``gid://shopify/Product/123``."""
    last = str(node.get("id")).rpartition("/")[2]
    if not (last.isascii() and last.isdigit()):
        raise SyncError(f"{str(node.get('id'))[:80]!r} is no id of Shopify's", where="id", hint="Check the address")
    return int(last)


def _member(value: object, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _errors(body: object) -> tuple[set[str], str]:
    """The codes of the errors of an answer, and the first message."""
    found = body.get("errors") if isinstance(body, Mapping) else "no object"
    if not found:
        return set(), ""
    if isinstance(found, str):
        return {"ERROR"}, one_line(found)[:200]
    errors = members(found)
    codes = {str(_member(each, "extensions").get("code") or "ERROR") for each in errors} or {"ERROR"}
    if any(str(each.get("message")).lower() == "throttled" for each in errors):
        codes.add("THROTTLED")
    return codes, one_line(str(errors[0].get("message")))[:200] if errors else ""


def _missing_points(cost: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds a query of this cost; 0 if it does, or the answer does not say."""
    status = _member(cost, "throttleStatus")
    try:
        needed = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return max(needed / float(status["restoreRate"]), 0.0)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 0.0
