"""The types of a feed's attributes: number, boolean or text, inferred from all rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from streetshop.core.errors import RowRefused
from streetshop.core.records import AttributeValue, FieldType
from streetshop.feeds import values
from streetshop.feeds.synonyms import CODES
from streetshop.feeds.values import Values

_NUMBER: Final = re.compile(r"-?((0|[1-9]\d{0,14})(\.\d{1,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?")


class TypeSurvey:
    """Infers the types of attributes from all rows: number or boolean if every value is one, otherwise text.

    Args:
        attributes: the name of the attribute of each column.
        typed: whether values have types of their own.

    Values of ``typed`` feeds (JSON, Parquet) have types. In CSV, ``true``/``false`` and plain numbers are recognised,
    without leading zeros and of at most 15 digits, since codes are not numbers.
    """

    def __init__(self, attributes: Mapping[str, str], typed: bool) -> None:
        self._typed = typed
        self._possible: dict[str, set[FieldType]] = {name: {"number", "boolean"} for name in attributes.values()}
        self._attributes = attributes
        self._seen: set[str] = set()
        for name in self._possible:
            if not typed and (name in CODES or name.endswith("_id")):
                self._possible[name] = set()

    def add(self, row: Values) -> None:
        """Take a row into account."""
        for column, name in self._attributes.items():
            possible = self._possible[name]
            value = row.get(column)
            if values.is_empty(value):
                continue
            self._seen.add(name)
            if possible:
                possible.intersection_update(_kinds(value, self._typed))

    def types(self) -> dict[str, FieldType]:
        """The type of each attribute."""
        types: dict[str, FieldType] = {}
        for name in self._attributes.values():
            possible = self._possible[name] if name in self._seen else set()
            types[name] = "number" if "number" in possible else "boolean" if "boolean" in possible else "text"
        return types


def _kinds(value: object, typed: bool) -> Iterable[FieldType]:
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, (int, float, Decimal)):
        return ("number",) if -(2**53) < value < 2**53 else ()
    if not typed and isinstance(value, str):
        text = value.strip()
        if text.lower() in ("true", "false"):
            return ("boolean",)
        if _NUMBER.fullmatch(text):
            return ("number",)
    return ()


def typed(value: object, column: str, kind: FieldType) -> AttributeValue:
    """A value as the type of its column; it only has another one if the feed changed since the survey."""
    if kind == "text":
        return values.as_text(value)
    try:
        if kind == "number" and isinstance(value, (int, float, str, Decimal)):
            return float(value)
    except (ValueError, OverflowError):
        pass
    text = values.as_text(value).lower()
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    raise RowRefused(f"no {kind}", hint="Run again: the feed changed while it was read")
