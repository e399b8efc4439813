"""PrestaShop: the list of products as it is exported or imported, with combinations that name their product."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.feeds.presets.families import Families, Member
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import DESIGN, Found, Sheet
from streetshop.feeds.values import Values

_ID = ("productid", "id", "idproduct")
_PICTURES = ("imageurlsxyz", "imageurls", "image", "picture", "photo", "cover")
_ACTIVE = ("active01", "active", "status", "enabled")
_OPTION = ("attributenametypeposition", "attributenametype", "attribute")
_VALUE = ("valuevalueposition", "value")
_PRICE = (
    *(
        "pricetaxincl",
        "pricetaxincluded",
        "finalprice",
        "pricetti",
        "price",
        "pricetaxexcl",
        "pricetaxexcluded",
        "prixttc",
    ),
    *("prixht", "baseprice"),
)
_NOT_ACTIVE = {"0": "hidden", "no": "hidden", "false": "hidden", "disabled": "hidden"}
_SALE = "sale_price"
_OF_SHOP = re.compile(
    r"discount(?:amount|percent|from.*|to.*)|position|taxrulesid|onsale01|deleteexistingimages.*|showprice.*"
)


def _open(sheet: Sheet) -> Read:
    number_column, picture = sheet.column(*_ID), sheet.column(*_PICTURES)
    impact, price = sheet.column("impactonprice"), sheet.column(*_PRICE)
    own = {*sheet.columns(*_OPTION), *sheet.columns(*_VALUE), *sheet.columns("quantity", "reference", "ean13", "upc")}

    def member(row: Values) -> Member:
        name = sheet.text(row, *_ID)
        names = tuple(f"{each.partition(':')[0]}".strip() for each in sheet.text(row, *_OPTION).split(","))
        values = tuple(f"{each.partition(':')[0]}".strip() for each in sheet.text(row, *_VALUE).split(","))
        options = {one: other for one, other in zip(names, values, strict=False) if one and other}
        if options and not sheet.text(row, "name", "productname"):
            pictures = tuple(sheet.pictures(row, [picture]))
            return Member("child", (), name, (), "", options, pictures)
        state = _NOT_ACTIVE.get(sheet.text(row, *_ACTIVE).lower(), "")
        if not state and sheet.text(row, "visibility").lower() == "none":
            state = "hidden"
        return Member("parent", (name,), "", (), state)

    families = Families(sheet, member, number_column, picture, lambda column: column not in own)
    dropped = {*sheet.columns(*_OPTION, *_VALUE, *_ACTIVE), impact, *sheet.matching(_OF_SHOP)}

    def read() -> Iterator[Found]:
        for number, values in families():
            if isinstance(values, dict):
                _with_prices(sheet, values, price, impact)
                if DESIGN in values:
                    options = _chosen(sheet, values)
                    values[number_column] = "/".join([str(values[number_column]).strip(), *options])
                values = {column: value for column, value in values.items() if column not in dropped}
            yield number, values

    return read


def _chosen(sheet: Sheet, values: Values) -> list[str]:
    return [each.partition(":")[0].strip().replace("/", "-") for each in sheet.text(values, *_VALUE).split(",")]


def _with_prices(sheet: Sheet, values: Values, price: str, impact: str) -> None:
    """Write what a combination adds to the price, and the price of today with its discount."""
    try:
        amount = float(str(values.get(price) or "").replace(",", "."))
        if impact and values.get(impact):
            amount += float(str(values[impact]).replace(",", "."))
            values[price] = round(amount, 4)
        percent = float(sheet.text(values, "discountpercent").replace(",", ".") or 0)
        off = float(sheet.text(values, "discountamount").replace(",", ".") or 0)
    except ValueError:
        return
    if percent or off:
        values[_SALE] = round(max(amount * (1 - percent / 100) - off, 0.0), 4)
        for column, key in (("sale_from", "discountfromyyyymmdd"), ("sale_to", "discounttoyyyymmdd")):
            values[column] = sheet.text(values, key)


PRESET = Preset(
    "prestashop",
    "PrestaShop",
    marks(
        "productid active01 name",
        "productid name reference pricetaxexcl",
        "productid name pricetaxexcluded",
        "productid attributenametypeposition",
        "id active01 name imageurlsxyz",
    ),
    {
        "id": _ID,
        "title": ("name", "productname"),
        "category": ("categoriesxyz", "category", "categories"),
        "price": _PRICE,
        "image": _PICTURES,
        "in_stock": ("quantity",),
        "brand": ("manufacturer", "brand"),
    },
    _open,
)
