"""Amazon: the flat files of listings, with parents and children."""

from __future__ import annotations

from collections.abc import Iterator

from streetshop.feeds.presets.families import Families, Member
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, JoinedSheet, Sheet
from streetshop.feeds.synonyms import name_key
from streetshop.feeds.values import Values

_ID = ("itemsku", "sku", "contributionsku", "sellersku")
_ROLE = ("parentchild", "parentage", "parentagelevelvalue", "parentagelevel")
_PARENT = ("parentsku", "childparentskurelationshipparentsku")
_PICTURE = ("mainimageurl", "mainproductimagelocatormedialocation", "imageurl")
_MORE = (
    *(f"otherimageurl{n}" for n in range(1, 20)),
    *(f"otherproductimagelocator{n}medialocation" for n in range(1, 20)),
    "swatchimageurl",
)
_DELETED = ("updatedelete", "recordaction", "listingaction")
_OPTIONS = (
    ("colorname", "color"),
    ("colorvalue", "color"),
    ("sizename", "size"),
    ("sizevalue", "size"),
    ("apparelsizesize", "size"),
)
_TITLE = ("itemname", "itemnamevalue", "title")


def _open(sheet: Sheet) -> Read:
    picture = sheet.column(*_PICTURE)
    joined = JoinedSheet(sheet, picture, [picture, *sheet.columns(*_MORE)])
    own = {*sheet.columns(*_ROLE, *_PARENT, *_ID, "quantity", "standardprice")}
    dropped = {*sheet.columns(*_ROLE, *_PARENT, *_DELETED)}
    dropped |= {column for key, option in _OPTIONS if (column := sheet.column(key)) and column != option}

    def member(row: Values) -> Member:
        role, name = sheet.text(row, *_ROLE).lower(), sheet.text(row, *_ID)
        state = "archived" if sheet.text(row, *_DELETED).lower().startswith("delete") else ""
        options = {option: text for key, option in _OPTIONS if (text := sheet.text(row, key))}
        if role == "parent":
            return Member("parent", (name,), "", (), state)
        parent, pictures = sheet.text(row, *_PARENT), tuple(sheet.pictures(row, [picture]))
        return Member("child" if parent else "single", (name,), parent, (), state, options, pictures)

    families = Families(joined, member, sheet.column(*_ID), picture, lambda column: column not in own, dropped)

    def read() -> Iterator[Found]:
        for number, values in families():
            # Below the row of labels stands one of names for programs.
            if not isinstance(values, dict) or name_key(sheet.text(values, *_ID)) not in _ID:
                yield number, values

    return read


PRESET = Preset(
    "amazon",
    "Amazon flat file",
    marks(
        "itemsku mainimageurl",
        "sellersku mainimageurl",
        "itemsku parentchild",
        "contributionsku itemnamevalue",
        "sku itemname mainimageurl",
        "contributionsku mainproductimagelocatormedialocation",
    ),
    {
        "id": _ID,
        "title": _TITLE,
        "image": _PICTURE,
        "brand": ("brandname", "brandvalue", "brand"),
        "category": ("itemtype", "itemtypekeyword", "itemtypename", "feedproducttype", "producttype"),
        "price": ("standardprice", "purchasableofferourpriceschedulevaluewithtax", "listpricevaluewithtax", "price"),
        "in_stock": ("quantity", "fulfillmentavailabilityquantity"),
    },
    _open,
)
