"""Rows of shops' APIs, which are objects in objects, as the flat rows that columns are found in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from streetshop.feeds.synonyms import FIELD_KEYS, MORE_PICTURE_KEYS, PICTURE_KEYS, name_key
from streetshop.feeds.values import Values

_ROWS: Final = (
    *("node", "_source", "product", "fields", "attributes", "productAttributes", "product_attributes"),
    *("masterData", "current", "staged"),
)
"""Objects of a row that hold its fields: of GraphQL, Elasticsearch, Airtable, JSON:API, Google and commercetools."""
_NAMED: Final = frozenset(key for field in ("title", "category", "brand") for key in FIELD_KEYS[field])
"""Keys of the columns whose objects are names."""
_NAMES: Final = ("name", "title", "label", "fullname", "path", "breadcrumb", "value", "slug")
_DEEP: Final = ("price", "pricerange", "start", "gross", "minimumprice", "finalprice", "regularprice")
"""Keys on the way to a price, the price of today first."""
_SHOWN: Final = frozenset((*PICTURE_KEYS, *MORE_PICTURE_KEYS))
_LANGUAGE: Final = re.compile(r"[a-z]{2}([-_][a-zA-Z]{2,4})?")
_AMOUNTS: Final = ("value", "amount", "price", "amountmicros", "centamount")
_CURRENCIES: Final = ("currency", "currencycode", "currencyid", "currencyunit", "pricecurrency", "iso")
_BESIDE_MONEY: Final = frozenset(
    {"formatted", "display", "symbol", "type", "typename", "fractiondigits", "precision", "currencysymbol"}
)
_BESIDE_NAME: Final = frozenset(
    {
        "id",
        "type",
        "typename",
        "slug",
        "handle",
        "url",
        "link",
        "href",
        "parentid",
        "parent",
        "position",
        "count",
        "key",
    }
)
_BESIDE_LIST: Final = frozenset({"pageinfo", "totalcount", "count", "typename", "cursor"})
_PLAIN: Final = (str, int, float, bool, Decimal, type(None))


def flat_row(row: Mapping[str, Any]) -> Values:
    """A row without the objects that only wrap its values.

    An amount with its currency becomes text (``"19.99 USD"``), an object with a name that name, GraphQL's edges and
    nodes a list. What an inner object of the row, its offer or its variants say of price and stock becomes the row's,
    where the row says nothing itself. Everything else stays as it is.
    """
    if "_id" in row and ("id" in row or "_source" in row):  # a database's own
        row = {key: value for key, value in row.items() if key != "_id"}
    if not any(isinstance(value, (dict, list)) for value in row.values()):
        return dict(row)
    for name in _ROWS:
        inside = row.get(name)
        if isinstance(inside, Mapping):
            row = {**inside, **{key: value for key, value in row.items() if key != name}}
    values: Values = {}
    for name, value in row.items():
        if name != "__typename":
            simple = _simple(value)
            values[name] = _names(simple) if name_key(name) in _NAMED else simple
    if isinstance(master := values.pop("masterVariant", None), Mapping):
        others = values.get("variants")
        values["variants"] = [master, *(others if isinstance(others, list) else [])]
    _lift(values, "offers", {"price": "price", "priceCurrency": "currency", "availability": "availability"}, _first)
    _lift(values, "priceRange", {"minVariantPrice": "price"}, _first)
    prices = {"price": "price", "compare_at_price": "compare_at_price", "compareAtPrice": "compare_at_price"}
    _lift(values, "variants", prices, _cheapest)
    _find_pictures(values)
    _find_price(values)
    if isinstance(variants := values.get("variants"), list) and "available" not in values:
        known = [each["available"] for each in variants if isinstance(each, Mapping) and "available" in each]
        if known and all(isinstance(each, bool) for each in known):
            values["availability"] = values.get("availability", any(known))
    return values


def _simple(value: Any) -> Any:
    if isinstance(value, Mapping):
        keys = {_key(key): key for key in value}
        for name in ("edges", "nodes"):
            if (
                name in keys
                and isinstance(value[keys[name]], list)
                and keys.keys() - {name} <= _BESIDE_LIST | {"nodes"}
            ):
                items = value[keys[name]]
                return [_simple(item.get("node", item) if isinstance(item, Mapping) else item) for item in items]
        text = _money(value, keys)
        text = _name(value, keys) if text is None else text
        return {key: _simple(inside) for key, inside in value.items()} if text is None else text
    if isinstance(value, list):
        return [_simple(item) for item in value]
    return value


def _key(name: object) -> str:
    return re.sub(r"[\W_]", "", str(name)).lower()


def _money(value: Mapping[str, Any], keys: Mapping[str, str]) -> str | None:
    """``"19.99 USD"`` of ``{"value": "19.99", "currency": "USD"}`` and the like."""
    amount = next((name for name in _AMOUNTS if name in keys), "")
    currency = next((name for name in _CURRENCIES if name in keys), "")
    if not amount or not currency or not keys.keys() - {amount, currency} <= _BESIDE_MONEY:
        return None
    number, code = value[keys[amount]], value[keys[currency]]
    if not isinstance(number, _PLAIN) or isinstance(number, bool) or not isinstance(code, str):
        return None
    if amount in ("amountmicros", "centamount"):
        digits = value.get(keys.get("fractiondigits", ""), 2) if amount == "centamount" else 6
        try:
            number = f"{Decimal(str(number)).scaleb(-int(digits)):f}"
        except (InvalidOperation, ValueError, TypeError, OverflowError):
            return None
    return f"{number} {code}" if number is not None else ""


def _name(value: Mapping[str, Any], keys: Mapping[str, str]) -> str | None:
    """``"Dresses"`` of ``{"id": 3, "name": "Dresses", "slug": "dresses"}``."""
    name = next((name for name in ("name", "title", "label") if name in keys), "")
    if not name or not keys.keys() - {name} <= _BESIDE_NAME:
        return None
    text = value[keys[name]]
    return text if isinstance(text, str) else None


def _names(value: Any) -> Any:
    """The names that an object, or a list of objects, of a category or brand holds; of several languages English.

    ``{"id": 5, "name": "Shoes", "image": ...}`` is ``"Shoes"``, ``{"de": "Schuhe", "en": "Shoes"}`` too. Anything else
    stays as it is.
    """
    if isinstance(value, list):
        return [name for item in value if (name := _names(item)) is not None]
    if not isinstance(value, Mapping) or not value:
        return value
    if all(_LANGUAGE.fullmatch(str(key)) and isinstance(text, (str, type(None))) for key, text in value.items()):
        texts = [text for key, text in value.items() if text and str(key).startswith("en")]
        return next(iter((*texts, *filter(None, value.values()))), "")
    keys = {_key(key): key for key in value}
    inside = next((value[keys[name]] for name in _NAMES if name in keys and value[keys[name]]), None)
    if inside is None and all(isinstance(each, _PLAIN) for each in value.values()):
        return None  # an id, or a reference
    return _names(inside) if isinstance(inside, (str, Mapping)) else value


def _find_pictures(row: Values) -> None:
    """Where no column of pictures is there, take what else may have some: media of all kinds, else a small picture."""
    if not any(name_key(name) in _SHOWN for name in row):
        name = next((name for name in ("media", "thumbnail", "thumbnailUrl") if row.get(name)), "")
        if name:
            row["images"] = row.pop(name)


def _find_price(row: Values) -> None:
    """Write the price of today that lies deep in a row or its variants, as Saleor, Medusa and Magento have it."""
    variants = row.get("variants")
    for each in (row, *(variants if isinstance(variants, list) else [])):
        if isinstance(each, dict) and not any(name_key(name) in FIELD_KEYS["price"] for name in each):
            found = (_price_in(each.get(column)) for column in ("pricing", "calculated_price", "price_range"))
            if price := next(filter(None, found), ""):
                each["price"] = price


def _price_in(value: Any) -> str:
    if isinstance(value, str):
        return value if re.fullmatch(r"[\d.]+ [A-Za-z]{3}", value) else ""
    if not isinstance(value, Mapping):
        return ""
    keys = {_key(key): value[key] for key in value}
    if isinstance(amount := keys.get("calculatedamount"), (int, float, Decimal)) and keys.get("currencycode"):
        return f"{amount} {keys['currencycode']}".upper()
    return next((found for name in _DEEP if (found := _price_in(keys.get(name)))), "")


def _lift(
    values: Values,
    column: str,
    names: Mapping[str, str],
    choose: Callable[[list[Mapping[str, Any]]], Mapping[str, Any]],
) -> None:
    """Copy fields of the object, or of one of the objects, in a column to columns of the row that are not there."""
    inside = values.get(column)
    found = [each for each in (inside if isinstance(inside, list) else [inside]) if isinstance(each, Mapping)]
    if not found:
        return
    chosen = choose(found)
    for name, ours in names.items():
        if ours not in values and isinstance(chosen.get(name), _PLAIN) and chosen.get(name) is not None:
            values[ours] = chosen[name]


def _first(objects: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return objects[0]


def _cheapest(variants: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The variant with the lowest price; the first if not all prices are numbers."""

    def price(variant: Mapping[str, Any]) -> Decimal:
        number = Decimal(str(variant.get("price")).split(" ")[0])
        return number if number.is_finite() else Decimal("Infinity")

    try:
        return min(variants, key=price)
    except InvalidOperation:
        return variants[0]
