"""Wix Stores: rows of one handle, of a product, its variants and its media."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, Sheet, Variant, filled
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values

_HANDLE = ("handleid", "handle")
_PICTURE = ("productimageurl", "mediaurl", "media")
_MEDIA = "https://static.wixstatic.com/media/"
_OPTION = re.compile(r"#[0-9a-fA-F]{3,8}:|\d{1,3}:(?=\D)")
_DROPPED = (
    *("fieldtype", "visible", "discountmode", "discountvalue", "surcharge", "mediaalttext"),
    *(f"productoption{part}{n}" for n in range(1, 7) for part in ("name", "type", "description", "choices")),
)


def _open(sheet: Sheet) -> Read:
    def read() -> Iterator[Found]:
        for group in sheet.groups(*_HANDLE):
            if isinstance(group, tuple):
                yield group
            else:
                yield from _product(sheet, group)

    return read


def _product(sheet: Sheet, group: list[tuple[int, Values]]) -> Iterator[Found]:
    number, base = group[0]
    handle = sheet.text(base, *_HANDLE)
    if not handle:
        yield number, RowRefused(f"{sheet.column(*_HANDLE)} is empty", hint="Export the products again")
        return
    if sheet.text(base, "visible").lower() == "false":
        yield number, LeftOut(number, handle, "hidden")
        return
    names = {n: sheet.text(base, f"productoptionname{n}") for n in range(1, 7)}
    rows = [(n, row) for n, row in group[1:] if sheet.text(row, "fieldtype").lower() == "variant"]
    shown = [(n, row) for n, row in rows if sheet.text(row, "visible").lower() != "false"]
    if rows and not shown:
        yield number, LeftOut(number, handle, "hidden")
        return
    variants = [_variant(sheet, n, base, row, names) for n, row in shown]
    if not variants:
        variants = [_variant(sheet, number, base, base, {})]
    gallery = [_media(each) for _, row in group for each in sheet.pictures(row, sheet.columns(*_PICTURE))]
    picture = sheet.column(*_PICTURE) or "image"
    yield from sheet.variants(handle, variants, gallery, sheet.column(*_HANDLE), picture)


def _variant(sheet: Sheet, number: int, base: Values, row: Values, names: dict[int, str]) -> Variant:
    values = {**base} if row is base else filled({**base, **dict.fromkeys(sheet.columns("inventory", "sku"), "")}, row)
    if (column := sheet.column("price")) and (price := _price(sheet, base, row)) is not None:
        values[column] = price
    for dropped in sheet.columns(*_DROPPED):
        values.pop(dropped, None)
    options = {}
    for n, name in names.items():
        value = sheet.text(row, f"productoptiondescription{n}", f"productoptionchoices{n}")
        if name and value:
            options[name] = _OPTION.sub("", value)
    return Variant(number, values, options, code=sheet.text(row, "sku"))


def _price(sheet: Sheet, base: Values, row: Values) -> float | None:
    """The price with the surcharge of the variant and the discount of the product; None if it is not a number."""
    try:
        price = float(sheet.text(row, "price") or sheet.text(base, "price"))
        if row is not base and (surcharge := sheet.text(row, "surcharge")):
            # The price of a variant is that of its product.
            price = float(sheet.text(base, "price")) + float(surcharge)
        discount = float(sheet.text(base, "discountvalue") or 0)
    except ValueError:
        return None
    mode = sheet.text(base, "discountmode").upper()
    price -= price * discount / 100 if mode == "PERCENT" else discount if mode == "AMOUNT" else 0
    return round(max(price, 0.0), 4)


def _media(picture: str) -> str:
    """Wix names a picture in its media library by its id alone."""
    return picture if "/" in picture or "~mv2" not in picture else _MEDIA + picture


PRESET = Preset(
    "wix",
    "Wix Stores",
    marks("handleid fieldtype", "handle fieldtype"),
    {
        "id": _HANDLE,
        "title": ("name",),
        "brand": ("brand",),
        "category": ("collection", "categories"),
        "price": ("price",),
        "image": _PICTURE,
        "in_stock": ("inventory",),
    },
    _open,
    decimal=".",
)
