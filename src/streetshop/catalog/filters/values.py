"""How the values of a product are compared: as folded text, as numbers, as booleans."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from streetshop.core.attributes import attribute_name
from streetshop.core.records import AttributeValue, FieldType, Product

CORE_FIELDS: Mapping[str, FieldType] = {
    "id": "text",
    "title": "text",
    "category": "text",
    "brand": "text",
    "price": "number",
    "currency": "text",
    "in_stock": "boolean",
    "kind": "text",
    "kind_source": "text",
    "kind_probability": "number",
    "design": "text",
}
"""Fields of every catalog. The further columns of a feed are added under their own names."""

_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")


@lru_cache(4096)
def fold(text: str) -> str:
    """Text as it is compared: NFC, case folded, stripped."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip()


def as_text(value: AttributeValue) -> str | None:
    """A value as text is compared with it: folded text or the shortest decimal; None for booleans and empty text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return fold(value) or None
    return f"{value:.15g}" if math.isfinite(value) else None


def as_number(value: AttributeValue) -> float | None:
    """A value as a number is compared with it: numbers, and text that is a plain decimal of at most 15 digits.

    ``007``, ``1e5`` and long article numbers stay text: as numbers they would equal others that are not the same.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        plain = _PLAIN_NUMBER.fullmatch(text) and sum(c.isdigit() for c in text) <= 15
        return float(text) + 0.0 if plain else None
    return float(value) + 0.0 if math.isfinite(value) else None


def field_values(product: Product) -> dict[str, AttributeValue]:
    """The values of a product that a filter can refer to, by folded name.

    An attribute such as ``colour`` is the feed's, whatever its column is called there, else the predicted one.
    """
    values: dict[str, AttributeValue | None] = {fold(k): v for k, v in product.attributes.items()}
    values.update({name: getattr(product, name) for name in CORE_FIELDS})
    if not product.kind:
        values["kind_probability"] = None
    known = {
        name: value
        for name, value in values.items()
        if name and value is not None and (isinstance(value, bool) or as_text(value) is not None)
    }
    for column in [*known]:
        if name := attribute_name(column):
            known.setdefault(name, known[column])
    for name, prediction in product.predicted.items():
        known.setdefault(name, prediction.value)
    return known
