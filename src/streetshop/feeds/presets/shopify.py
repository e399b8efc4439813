"""Shopify: rows of one handle, with variants and pictures, in the headers before and after 2025, and its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, Sheet, Variant, filled
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values, as_text

_HANDLE = ("handle", "urlhandle")
_PICTURE = ("imagesrc", "productimageurl", "imagesource")
_OWN_PICTURE = ("variantimage", "variantimageurl")
_PRICE = ("variantprice", "price")
_CODE = ("variantsku", "sku")
_OF_VARIANT = re.compile(r"variant.*|sku|barcode|price|compareatprice|inventory.*|weightvaluegrams|unitprice.*")
_POLICY = ("variantinventorypolicy", "continuesellingwhenoutofstock")
_TRACKER = ("variantinventorytracker", "inventorytracker")
_SHOWN = ("published", "publishedononlinestore")
_CATEGORY = (
    "type",
    "customproducttype",
    "standardproducttype",
    "productcategory",
    "googleshoppinggoogleproductcategory",
)
_DROPPED = (
    *("imageposition", "imagealttext", "status", *_SHOWN, *_OWN_PICTURE, *_POLICY, *_TRACKER),
    *(f"option{n}{part}" for n in (1, 2, 3) for part in ("name", "value", "linkedto")),
)
_STATES = {"draft": "draft", "archived": "archived", "unlisted": "hidden"}


def _open(sheet: Sheet) -> Read:
    def read() -> Iterator[Found]:
        for group in sheet.groups(*_HANDLE):
            if isinstance(group, tuple):
                yield group
            else:
                yield from _product(sheet, group)

    return read


def _product(sheet: Sheet, group: list[tuple[int, Values]]) -> Iterator[Found]:
    number, first = group[0]
    handle = sheet.text(first, *_HANDLE)
    if not handle:
        yield number, RowRefused("the handle is empty", hint="Export the products again")
        return
    if state := _state(sheet, first):
        yield number, LeftOut(number, handle, state)
        for row, values in group[1:]:
            if _is_variant(sheet, values):
                yield row, LeftOut(row, f"{handle}/{'/'.join(_options(sheet, first, values).values())}", state)
        return
    base = {**first}
    if (category := sheet.column(*_CATEGORY)) and not as_text(base.get(category)):
        base[category] = sheet.text(first, *_CATEGORY)
    placed = [(sheet.text(row, "imageposition"), sheet.pictures(row, sheet.columns(*_PICTURE))) for _, row in group]
    order = sorted(placed, key=lambda each: int(each[0]) if each[0].isdigit() else 10**6)
    variants = [_variant(sheet, n, base, row) for n, row in group if row is first or _is_variant(sheet, row)]
    pictures = [picture for _, found in order for picture in found]
    column, picture = sheet.column(*_HANDLE), sheet.column(*_PICTURE) or "image"
    yield from sheet.variants(handle, variants, pictures, column, picture)


def _variant(sheet: Sheet, number: int, base: Values, row: Values) -> Variant:
    values = filled({**base, **dict.fromkeys(sheet.matching(_OF_VARIANT), "")}, row)
    if price := sheet.column(*_PRICE):
        values[price] = row.get(price) or base.get(price)
    continues = sheet.text(row, *_POLICY).lower() in ("continue", "true")
    if continues or (sheet.column(*_TRACKER) and not sheet.text(row, *_TRACKER)):
        values["in_stock"] = True  # sold whatever is there, or not counted
    for dropped in sheet.columns(*_DROPPED):
        values.pop(dropped, None)
    options = _options(sheet, base, row)
    return Variant(number, values, options, sheet.pictures(row, sheet.columns(*_OWN_PICTURE)), sheet.text(row, *_CODE))


def _is_variant(sheet: Sheet, row: Values) -> bool:
    return bool(sheet.text(row, "option1value", *_PRICE, *_CODE))


def _options(sheet: Sheet, base: Values, row: Values) -> dict[str, str]:
    """The names of options stand in the first row, their values in each."""
    options = {}
    for n in (1, 2, 3):
        name, value = sheet.text(base, f"option{n}name"), sheet.text(row, f"option{n}value")
        if value and value != "Default Title":
            options[name or f"Option {n}"] = value
    return options


def _state(sheet: Sheet, row: Values) -> str:
    state = _STATES.get(sheet.text(row, "status").lower(), "")
    return state or ("hidden" if sheet.text(row, *_SHOWN).lower() in ("false", "no", "0") else "")


PRESET = Preset(
    "shopify",
    "Shopify",
    marks("handle variantprice", "handle imagesrc", "urlhandle productimageurl", "urlhandle option1value"),
    {
        "id": _HANDLE,
        "title": ("title",),
        "brand": ("vendor",),
        "category": _CATEGORY,
        "price": _PRICE,
        "image": _PICTURE,
    },
    _open,
    decimal=".",
)
