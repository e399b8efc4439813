"""A product of a shop system, as rows of a feed: one for each variant."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from streetshop.feeds.columns import MAX_SHOTS
from streetshop.feeds.synonyms import plain_name
from streetshop.feeds.values import Values

_ADDRESS: Final = re.compile(r"(https?:)?//[^/]", re.IGNORECASE)
_FIELDS: Final = frozenset(
    {"id", "title", "category", "product_type", "brand", "price", "currency", "url", "in_stock", "image", "images"}
    | {"design", "kind", "sku", "handle", "tags", "availability", "link", "sale_price"}
)


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """A product of a shop.

    Attributes:
        id: the shop's own.
        updated: when it was changed last, as ``YYYY-MM-DDTHH:MM:SSZ``.
        rows: one for each variant; none if it is not for sale.
        state: why it is not for sale: ``draft``, ``archived`` or ``hidden``; empty if it is.
    """

    id: str
    updated: str
    rows: tuple[Values, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class ShopVariant:
    """A size or colour of a product.

    Attributes:
        id: the shop's own.
        price: in the shop's currency; None if it has none.
        in_stock: None if the shop does not say.
        options: such as ``{"Size": "M"}``.
        pictures: addresses of its own.
        sku: the article number.
        url: of its page; empty for the product's.
    """

    id: str
    price: float | None = None
    in_stock: bool | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    sku: str = ""
    url: str = ""


class Shop(Protocol):
    """A shop whose products are read through its API.

    Every method raises :class:`SyncError` if the shop does not answer as it should.
    """

    @property
    def name(self) -> str:
        """Of the shop, unique among those of a catalog: ``shopify mine.myshopify.com``."""
        ...

    def changed(self, since: str | None) -> Iterator[ShopProduct]:
        """The products that were changed at or after a moment, or all; also those that are not for sale any more."""
        ...

    def ids(self) -> Iterator[str]:
        """The ids of all products."""
        ...

    def by_ids(self, ids: Sequence[str]) -> Iterator[ShopProduct]:
        """Those of the products that exist."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def variant_rows(
    base: Values, product_id: str, variants: Sequence[ShopVariant], gallery: Iterable[str]
) -> list[Values]:
    """The rows of a product. A variant has its own pictures, then those of the product that are no other variant's.

    Args:
        base: the values that all variants share.
        product_id: the id of the only variant, and the design of several.
        variants: at least one.
        gallery: addresses of the product's pictures.
    """
    shared = list(dict.fromkeys(gallery))
    owned = {picture for variant in variants for picture in variant.pictures}
    rows = []
    for variant in variants:
        several = len(variants) > 1
        row: Values = {**base, "id": variant.id if several else product_id}
        if several:
            row["design"] = product_id
        own = [*variant.pictures, *(each for each in shared if each not in owned)]
        row["image"] = list(dict.fromkeys(own or shared))[:MAX_SHOTS]
        row |= {"price": variant.price, "in_stock": variant.in_stock, "sku": variant.sku}
        row["url"] = variant.url or base.get("url", "")
        for name, value in variant.options.items():
            plain = plain_name(name)
            row[f"option {plain}" if plain in _FIELDS or not plain else plain] = value
        rows.append({name: value for name, value in row.items() if value not in ("", None)})
    return rows


def picture_addresses(values: Iterable[object]) -> tuple[str, ...]:
    """Those of the values that are http(s) addresses; anything else would be read as a path of this machine."""
    found = [value.strip() for value in values if isinstance(value, str) and _ADDRESS.match(value.strip())]
    return tuple(f"https:{each}" if each.startswith("//") else each for each in found)


def text_of(value: object) -> str:
    """Text without HTML entities, as names of categories and products have them."""
    return html.unescape(value).strip() if isinstance(value, str) else ""


def amount_of(value: object) -> float | None:
    """A price: APIs write it as text with a decimal point. None if there is none."""
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        return None
    return amount if amount is not None and 0 <= amount < 1e12 else None


def moment_of(value: object) -> str:
    """A moment in ISO 8601 as ``YYYY-MM-DDTHH:MM:SSZ``, in UTC if it has no zone; the Unix epoch if it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def members(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; empty for anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
