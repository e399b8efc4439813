"""Magento 2 (Adobe Commerce): configurable products that list their variations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.families import Families, Member
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, JoinedSheet, Sheet
from streetshop.feeds.states import LeftOut
from streetshop.feeds.values import Values, as_text

_PICTURES = ("baseimage", "additionalimages")
_PAIR = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9_]*)=")
_NOT_INHERITED = (
    *(
        "sku",
        "producttype",
        "additionalattributes",
        "configurablevariations",
        "configurablevariationlabels",
        "qty",
        "isinstock",
    ),
    *("visibility", "productonline", "urlkey", *_PICTURES),
)
_DROPPED = (
    *(
        "configurablevariations",
        "configurablevariationlabels",
        "additionalattributes",
        "producttype",
        "additionalimages",
    ),
    *("visibility", "productonline", "storeviewcode", "attributesetcode", "productwebsites"),
)
_ONLY_OF_EXPORTS = re.compile(
    r"(?:related|crosssell|upsell|associated|bundle|customoptions|hidefromproductpage|customdesign|customlayout|pagelayout|"
    r"metatitle|metakeywords|metadescription|displayproductoptions|msrpdisplay|mapenabled|mapprice|giftmessage|newfrom|newto|"
    r"createdat|updatedat|qtyincrements|qtyisdecimal|useconfig|minqty|mincartqty|maxcartqty|notifyonstock|allowbackorders|"
    r"managestock|enableqty|isdecimaldivided|websiteid|outofstockqty|countryofmanufacture|\w+imagelabels?|"
    r"swatchimage|smallimage|thumbnailimage|taxclassname|shipmenttype).*"
)


def _open(sheet: Sheet) -> Read:
    picture = sheet.column("baseimage") or sheet.column("additionalimages")
    code = sheet.column("sku")
    kept_out = set(sheet.columns(*_NOT_INHERITED))
    store = JoinedSheet(
        _DefaultStore(sheet),
        picture,
        sheet.columns(*_PICTURES),
        sheet.matching(_ONLY_OF_EXPORTS),
        lambda each: each.lstrip("/"),
    )

    def member(row: Values) -> Member:
        name, kind = sheet.text(row, "sku"), sheet.text(row, "producttype").lower()
        online = sheet.text(row, "productonline")
        state = "disabled" if online and online.lower() not in ("1", "yes", "true") else ""
        if "not visible" in sheet.text(row, "visibility").lower():
            state = state or "hidden"
        given = pairs(sheet.text(row, "additionalattributes"))
        options = {name: value for name, value in given.items() if name not in ("has_options", "required_options")}
        children = tuple(_children(sheet.text(row, "configurablevariations")))
        pictures = tuple(sheet.pictures(row, [picture]))
        return Member("parent" if kind == "configurable" else "single", (name,), "", children, state, options, pictures)

    families = Families(store, member, code, picture, lambda column: column not in kept_out, sheet.columns(*_DROPPED))

    def read() -> Iterator[Found]:
        yield from families()
        for number, row in sheet:
            if not isinstance(row, RowRefused) and _is_of_a_store(sheet, row):
                yield number, LeftOut(number, as_text(row.get(code)), "another store view")

    return read


def _is_of_a_store(sheet: Sheet, row: Values) -> bool:
    """Whether a row only says how one store view shows a product."""
    return bool(sheet.text(row, "storeviewcode"))


class _DefaultStore(Sheet):
    """The sheet without the rows of other store views."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._columns = sheet._columns

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        for number, row in self._sheet:
            if isinstance(row, RowRefused) or not _is_of_a_store(self._sheet, row):
                yield number, row


def pairs(text: str) -> dict[str, str]:
    """``color=Red,size=M``: a comma may stand inside of a value."""
    places = list(_PAIR.finditer(text))
    ends = [*(match.start() for match in places[1:]), *([len(text)] if places else [])]
    found = {match[1]: text[match.end() : end].strip().strip('"') for match, end in zip(places, ends, strict=True)}
    return {name: value for name, value in found.items() if value}


def _children(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """``sku=A-S,size=S|sku=A-M,size=M``."""
    for part in text.split("|"):
        options = pairs(part)
        if name := options.pop("sku", ""):
            yield name, options


PRESET = Preset(
    "magento",
    "Magento (Adobe Commerce)",
    marks("sku producttype attributesetcode", "sku baseimage visibility", "sku configurablevariations"),
    {
        "id": ("sku",),
        "title": ("name",),
        "category": ("categories",),
        "price": ("price",),
        "sale_price": ("specialprice",),
        "image": _PICTURES,
        "in_stock": ("isinstock", "qty"),
    },
    _open,
    slashes=True,
    decimal=".",
)
