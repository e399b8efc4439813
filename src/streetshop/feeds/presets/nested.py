"""JSON of shops' APIs: products that hold their variants in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read
from streetshop.feeds.presets.sheet import Found, Sheet, Variant
from streetshop.feeds.synonyms import FIELD_KEYS, MORE_PICTURE_KEYS, PICTURE_KEYS, name_key
from streetshop.feeds.values import Values, as_text, is_empty

_VARIANTS: Final = ("variants", "variations", "skus", "productvariants", "children")
_OPTIONS: Final = ("selectedoptions", "options", "optionvalues", "attributes", "choices")
_OWN_PICTURES: Final = ("featuredimage", "image", "imagelink", "imageurl", "images", "img", "picture", "media")
_NAMES: Final = ("name", "option", "optiondisplayname", "key", "attribute")
_VALUES: Final = ("value", "label", "values")
_OF_VARIANT: Final = ("price", "sale_price", "currency", "in_stock", "url")
_PIECES: Final = frozenset({"inventorylevel", "inventoryquantity", "stockquantity", "quantity", "quantityavailable"})
_GALLERY: Final = "images"
_BESIDE: Final = frozenset(
    {
        *(
            "productid",
            "position",
            "createdat",
            "updatedat",
            "imageid",
            "fulfillmentservice",
            "taxable",
            "requiresshipping",
            "weight",
        ),
        *(
            "weightunit",
            "grams",
            "inventoryitemid",
            "oldinventoryquantity",
            "adminggraphqlapiid",
            "typename",
            "variantids",
        ),
        *(
            "option1",
            "option2",
            "option3",
            "displayname",
            "inventorymanagement",
            "inventorypolicy",
            "admingraphqlapiid",
            "presentmentprices",
        ),
    }
)


def variant_column(names: Sequence[str]) -> str:
    """The column of variants among those of a feed; ``""`` if there is none."""
    keys = {name_key(name): name for name in names}
    return next((keys[key] for key in _VARIANTS if key in keys), "")


def _open(sheet: Sheet) -> Read:
    column = sheet.column(*_VARIANTS)
    id_column = sheet.column(*FIELD_KEYS["id"]) or "id"

    def read() -> Iterator[Found]:
        for number, row in sheet:
            if isinstance(row, RowRefused) or not _objects(row.get(column)):
                yield number, row
            else:
                yield from _product(sheet, number, row, column, id_column)

    return read


def _product(sheet: Sheet, number: int, row: Values, column: str, id_column: str) -> Iterator[Found]:
    objects = _objects(row.get(column))
    design = as_text(row.get(id_column))
    picture_columns = [found for key in (*PICTURE_KEYS, *MORE_PICTURE_KEYS) if (found := sheet.column(key))]
    gallery = sheet.pictures(row, picture_columns)
    images = _objects(row.get(sheet.column("images")))
    base = {name: value for name, value in row.items() if name not in (column, "options", *picture_columns)}
    names = _option_names(row.get("options"))
    variants = [_variant(sheet, number, base, each, names, images) for each in objects]
    picture = picture_columns[0] if picture_columns else _GALLERY
    for (_, values), each in zip(sheet.variants(design, variants, gallery, id_column, picture), objects, strict=True):
        if isinstance(values, dict) and len(objects) > 1 and (own := as_text(_field(each, "id", "sku", "code"))):
            values[id_column] = own if own != design else f"{design}/{own}"
        yield number, values


def _variant(
    sheet: Sheet,
    number: int,
    base: Values,
    each: Mapping[str, Any],
    names: Sequence[str],
    images: Sequence[Mapping[str, Any]],
) -> Variant:
    counted = _is_counted(base) and _is_counted(each)
    values = base if counted else {name: value for name, value in base.items() if name_key(name) not in _PIECES}
    values = {**values}
    options: dict[str, str] = {}
    own_name = ""
    for name, value in each.items():
        key = name_key(name)
        if key in _OPTIONS:
            options.update(_named(value))
        elif key in FIELD_KEYS["title"] and as_text(_field(base, *FIELD_KEYS["title"])):
            own_name = as_text(value)  # of the variant alone, such as "500 ml"
        elif key == "prices":
            if amount := _first_price(value):
                values[sheet.column(*FIELD_KEYS["price"]) or "price"] = amount
        elif key not in _BESIDE and key not in _OWN_PICTURES and key not in FIELD_KEYS["id"] and not is_empty(value):
            ours = next((field for field in _OF_VARIANT if key in FIELD_KEYS[field]), "")
            if ours == "in_stock" and not counted and not isinstance(value, bool):
                continue
            values[sheet.column(key) or (sheet.column(*FIELD_KEYS[ours]) if ours else "") or name] = value
    for n, option in enumerate((_field(each, f"option{n}") for n in (1, 2, 3)), start=1):
        if (text := as_text(option)) and text != "Default Title":
            options[names[n - 1] if n <= len(names) else f"Option {n}"] = text
    if own_name and not options and own_name not in ("Default Title", as_text(_field(base, *FIELD_KEYS["title"]))):
        values["variant"] = own_name
    _set_stock(sheet, values, base, each, counted)
    pictures = [each[name] for name in each if name_key(name) in _OWN_PICTURES and each[name]]
    if not pictures and (number_of := _field(each, "imageid")) is not None:
        pictures = [image for image in images if _field(image, "id") == number_of]
    own = [picture for value in pictures for picture in sheet.pictures({"": value}, [""])]
    return Variant(number, values, options, own, as_text(_field(each, "sku", "id")))


def _is_counted(row: Mapping[str, Any]) -> bool:
    """Whether the shop counts the pieces: Shopify says so by ``inventory_management``, BigCommerce by its tracking."""
    named = {name_key(name): value for name, value in row.items()}
    if "inventorymanagement" in named and not named["inventorymanagement"]:
        return False
    return named.get("inventorytracking") != "none" and named.get("tracked") is not False


def _set_stock(sheet: Sheet, values: Values, base: Values, each: Mapping[str, Any], counted: bool) -> None:
    """Write whether a variant can be bought where that is not what one of its columns says alone."""
    tracking, column = _field(base, "inventorytracking"), sheet.column(*FIELD_KEYS["in_stock"])
    if tracking and counted and as_text(values.get(column)).lower() in ("", "available"):
        level = _field(each if tracking == "variant" else base, "inventorylevel")
        values[column] = values.get(column) if level is None else level
    says = any(name_key(name) in FIELD_KEYS["in_stock"] and not is_empty(value) for name, value in values.items())
    if _field(each, "inventorypolicy") in ("continue", "CONTINUE") or not (counted or says):
        values["in_stock"] = True


def _first_price(value: object) -> str:
    """The first amount of a list such as commercetools', whose objects are ``"100.00 EUR"`` with conditions."""
    texts = [each if isinstance(each, str) else as_text(_field(each, "value")) for each in _items(value)]
    return next((text for text in texts if " " in text), "")


def _items(value: object) -> list[Any]:
    return [each for each in value if isinstance(each, (str, Mapping))] if isinstance(value, (list, tuple)) else []


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, (list, tuple)) else []


def _field(each: Mapping[str, Any], *keys: str) -> object:
    named = {name_key(name): value for name, value in each.items()}
    return next((named[key] for key in keys if not is_empty(named.get(key))), None)


def _option_names(options: object) -> list[str]:
    """``["Size", "Color"]`` of ``[{"name": "Size", "values": [...]}, ...]``, or of a list of names."""
    if not isinstance(options, (list, tuple)):
        return []
    return [as_text(_field(each, *_NAMES)) if isinstance(each, Mapping) else as_text(each) for each in options]


def _named(value: object) -> dict[str, str]:
    """The options of a variant: ``[{"name": "Size", "value": "M"}]`` or ``{"size": "M"}``."""
    if isinstance(value, Mapping):
        return {
            str(name): as_text(each) for name, each in value.items() if not isinstance(each, (Mapping, list, tuple))
        }
    found = {as_text(_field(each, *_NAMES)): as_text(_field(each, *_VALUES, "option")) for each in _objects(value)}
    return {name: text for name, text in found.items() if name and text}


PRESET = Preset("nested", "JSON with variants", (), open=_open)
