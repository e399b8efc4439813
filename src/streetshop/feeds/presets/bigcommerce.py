"""BigCommerce: a product, then its variants and pictures, in the exports of both generations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import MAX_GROUP, Found, Sheet, Variant, filled
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values, as_text

_ITEM = ("item", "itemtype")
_ID = ("productid", "id")
_CODE = ("productcodesku", "sku")
_NAME = ("productname", "name")
_PICTURE = ("internalimageurlexport", "imageurlimport", "imagefile", "productimageurl1", "productimagefile1")
_STOCK = ("currentstocklevel", "currentstock")
_TRACKING = ("trackinventory", "inventorytracking")
_SHOWN = ("productvisible", "isvisible")
_OPTION = re.compile(r"\[\w+\]([^=\[\]]+)=((?:(?!,\s*\[\w+\]).)*)")
_NEW_OPTION = re.compile(r"Type=[^|]*\|Name=([^|]*)\|Value=((?:(?!\s*Type=).)*)")
_RULE = re.compile(r"\[(FIXED|ADD|REMOVE)\]\s*(\d+(?:\.\d+)?)")
_DROPPED = (
    *_ITEM,
    *("options", "optionset", "optionsetalign", *_SHOWN, *_TRACKING, "allowpurchases", "stopprocessingrules"),
    *(
        "imagedescription",
        "imageisthumbnail",
        "imagesortorder",
        "variantimageurl",
        "imageurlimport",
        "internalimageurlexport",
    ),
)
_OF_PICTURES = re.compile(r"productimage(?:id|file|url|path|description|isthumbnail|sort)\d+")


def _open(sheet: Sheet) -> Read:
    def read() -> Iterator[Found]:
        held: list[tuple[int, Values]] = []
        for number, row in sheet:
            if isinstance(row, RowRefused):
                yield number, row
                continue
            if held and (_item(sheet, row) == "product" or len(held) == MAX_GROUP):
                yield from _product(sheet, held)
                held = []
            held.append((number, row))
        if held:
            yield from _product(sheet, held)

    return read


def _item(sheet: Sheet, row: Values) -> str:
    return sheet.text(row, *_ITEM).strip().lower()


def _product(sheet: Sheet, group: list[tuple[int, Values]]) -> Iterator[Found]:
    number, base = group[0]
    design = sheet.text(base, *_ID) or sheet.text(base, *_CODE)
    if _item(sheet, base) != "product" or not design:
        reason = "no product above it" if design else "neither an id nor a SKU"
        yield from ((n, RowRefused(reason, hint="Export the products again")) for n, _ in group)
        return
    if sheet.text(base, *_SHOWN).lower() in ("n", "no", "false", "0"):
        yield number, LeftOut(number, design, "hidden")
        return
    base = _plain(sheet, base)
    changes = {sheet.text(row, *_CODE): sheet.text(row, "price") for _, row in group if _item(sheet, row) == "rule"}
    rows = [(n, row) for n, row in group if _item(sheet, row) in ("sku", "variant")]
    variants = [_variant(sheet, n, base, row, changes) for n, row in rows]
    picture = sheet.column(*_PICTURE) or "image"
    gallery = _pictures(sheet, [row for _, row in group])
    found = variants or [Variant(number, _cleaned(sheet, base))]
    yield from sheet.variants(design, found, gallery, sheet.column(*_ID) or sheet.column(*_CODE), picture)


def _plain(sheet: Sheet, base: Values) -> Values:
    """The row of a product, without what stands for nothing."""
    values = {**base}
    sale, stock = sheet.column("saleprice"), sheet.column(*_STOCK)
    if sale and re.fullmatch(r"0*(?:\.0*)?", as_text(values.get(sale))):
        values[sale] = ""
    if stock and sheet.text(base, *_TRACKING).lower() == "none":
        values["in_stock"] = True
    if sheet.text(base, "allowpurchases").lower() in ("n", "no", "false"):
        values["in_stock"] = False
    return values


def _variant(sheet: Sheet, number: int, base: Values, row: Values, changes: dict[str, str]) -> Variant:
    named = sheet.text(row, "options") or sheet.text(row, *_NAME)
    options = {name.strip(): value for name, value in (_NEW_OPTION.findall(named) or _OPTION.findall(named))}
    options = {
        name: re.sub(r":?\[?#[0-9A-Fa-f]{3,8}.*|\s*,?\s*$", "", value).strip() for name, value in options.items()
    }
    own = {column: value for column, value in row.items() if column not in sheet.columns(*_NAME, *_ID, *_ITEM)}
    values = filled({**base, **dict.fromkeys(sheet.columns(*_CODE), "")}, own)
    code = sheet.text(row, *_CODE)
    if (column := sheet.column("price")) and (rule := _RULE.match(changes.get(code, ""))):
        values[column] = _ruled(as_text(base.get(column)), rule[1], float(rule[2]), values.get(column))
    pictures = sheet.pictures(row, sheet.columns("variantimageurl")) or _pictures(sheet, [row])
    return Variant(number, _cleaned(sheet, values), options, pictures, code)


def _ruled(price: str, how: str, amount: float, kept: object) -> object:
    """The price of a variant by the rule of its SKU."""
    if how == "FIXED":
        return amount
    try:
        return round(float(price) + (amount if how == "ADD" else -amount), 4)
    except ValueError:
        return kept


def _pictures(sheet: Sheet, rows: list[Values]) -> list[str]:
    found = []
    for row in rows:
        found += sheet.pictures(row, sheet.columns("internalimageurlexport")) or sheet.pictures(
            row, sheet.columns("imageurlimport", "imagefile")
        )
        for n in range(1, 100):
            columns = sheet.columns(f"productimageurl{n}", f"productimagefile{n}", f"productimagepath{n}")
            if not columns:
                break
            found += next((some for column in columns if (some := sheet.pictures(row, [column]))), [])
    return found


def _cleaned(sheet: Sheet, values: Values) -> Values:
    dropped = {*sheet.columns(*_DROPPED), *sheet.matching(_OF_PICTURES)}
    return {column: value for column, value in values.items() if column not in dropped}


PRESET = Preset(
    "bigcommerce",
    "BigCommerce",
    marks(
        "itemtype productid productname",
        "itemtype productname productcodesku",
        "item name sku options",
        "item name imageurlimport",
    ),
    {
        "id": (*_ID, *_CODE),
        "title": _NAME,
        "category": ("category", "categories"),
        "price": ("price",),
        "brand": ("brandname",),
        "image": _PICTURE,
    },
    _open,
    slashes=True,
    decimal=".",
)
