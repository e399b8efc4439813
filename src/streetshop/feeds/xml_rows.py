"""The values of a product by its XML element: attributes, nested elements and lists as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streetshop.feeds.values import Values
from streetshop.feeds.xml_tree import Element, local_name

_GOOGLE: Final = "base.google.com"
_NAMED: Final = frozenset({"param", "attribute", "property", "feature", "characteristic", "parameter", "attr", "a"})
"""Elements that have the name of their column in an attribute."""
_ADDRESSES: Final = ("href", "url", "src")
_UNUSED: Final = frozenset({"type", "lang", "base", "space", "length", "rel", "xmlns", "scheme"})
_PARAMETER: Final = (("PARAM_NAME", "VAL"), ("name", "value"), ("label", "value"), ("key", "value"))
"""Elements of a parameter: its name and its value."""
_PICTURE_TYPES: Final = ("enclosure", "media:content", "media:thumbnail")
_YML: Final = {"vendor": "brand", "currencyId": "currency", "available": "in_stock", "group_id": "item_group_id"}


def row_values(element: Element, prefixes: Mapping[str, str], categories: Mapping[str, str]) -> Values:
    """The values of a product.

    Names lose their prefix. Where two elements then have one name, that of Google's namespace counts, and the other
    keeps its prefix. Elements of one name become a list, and elements with elements an object.

    Args:
        element: of the product.
        prefixes: the names of namespaces by prefix.
        categories: paths by the ids that ``categoryId`` refers to.
    """
    values: Values = {name: text for name, text in element.attributes.items() if local_name(name) not in _UNUSED}
    google = {child.name for child in element.children if _is_google(child.name, prefixes)}
    taken = {local_name(name) for name in google}
    for child in element.children:
        for name, value in _columns(child):
            if name == child.name:
                local = local_name(name)
                clash = local in taken and child.name not in google
                name = name.replace(":", "_") if clash and ":" in name else local
                if clash and name == local:
                    continue  # the plain element of RSS beside Google's
            _add(values, name, value)
    if element.name == "offer" or "categoryId" in values:
        _name_yml(values, categories)
    return values


def _is_google(name: str, prefixes: Mapping[str, str]) -> bool:
    prefix, colon, _ = name.partition(":")
    return bool(colon) and (prefix == "g" or _GOOGLE in prefixes.get(prefix, ""))


def _columns(child: Element) -> list[tuple[str, object]]:
    """Name and value of what a child of a product says."""
    name = local_name(child.name)
    if child.name in _PICTURE_TYPES and (address := child.attributes.get("url")):
        kind = child.attributes.get("type", child.attributes.get("medium", "image"))
        return [("additional_image_link", address)] if kind.startswith("image") else []
    if name.lower() in _NAMED:
        if called := next((text for key, text in child.attributes.items() if key.lower() == "name"), ""):
            return [(called.strip()[:256], child.text.strip())]
        texts = {inside.name: inside.text.strip() for inside in child.children}
        for called, value in _PARAMETER:
            if texts.get(called) and value in texts:
                return [(texts[called][:256], texts[value])]
    if name == "link" and child.attributes.get("rel", "alternate") not in ("alternate", ""):
        if child.attributes["rel"] in ("enclosure", "image") and "href" in child.attributes:
            return [("additional_image_link", child.attributes["href"])]
        return []
    return [(child.name, _value(child))]


def _value(element: Element) -> object:
    text = element.text.strip()
    attributes = {key: value for key, value in element.attributes.items() if local_name(key) not in _UNUSED}
    if not element.children:
        if not text:
            return next((attributes[key] for key in _ADDRESSES if key in attributes), attributes or "")
        currency = next((value for key, value in attributes.items() if key.lower().startswith("curr")), "")
        return f"{text} {currency}" if currency and any(sign.isdigit() for sign in text) else text
    values: Values = dict(attributes)
    for child in element.children:
        _add(values, local_name(child.name), _value(child))
    if len(values) == 1:
        (only,) = values.values()
        if isinstance(only, list) or local_name(element.children[0].name).lower().rstrip("s") in element.name.lower():
            return only
    if text:
        values["text"] = text
    return values


def _add(values: Values, name: str, value: object) -> None:
    if name not in values:
        values[name] = value
        return
    before = values[name]
    if isinstance(before, list):
        before.append(value)
    elif before in ("", value):
        values[name] = value
    elif value != "":
        values[name] = [before, value]


def _name_yml(values: Values, categories: Mapping[str, str]) -> None:
    """The names of YML's fields, and of its category."""
    number = values.get("categoryId", "")
    numbers = number if isinstance(number, list) else [number]
    paths = [categories[str(each)] for each in numbers if str(each) in categories]
    if paths and "category" not in values:
        values["category"] = paths if len(paths) > 1 else paths[0]
        del values["categoryId"]
    if "title" not in values:
        parts = (
            [values.get("name")] if values.get("name") else [values.get(n) for n in ("typePrefix", "vendor", "model")]
        )
        values["title"] = " ".join(str(part) for part in parts if part)
        values.pop("name", None)
    for name, ours in _YML.items():
        if name in values and ours not in values:
            values[ours] = values.pop(name)
    if values.get("currency") == "RUR":
        values["currency"] = "RUB"
