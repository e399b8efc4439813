"""The values in the cells of a feed, as CSV (always text), JSON or Parquet gives them: text and addresses.

Prices are read in ``prices``, stock in ``stock``, dates of sales in ``sales``, categories in ``categories``.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from streetshop.core.errors import RowRefused

Values: TypeAlias = dict[str, object]
"""The values of a row by the column names of the feed."""

MAX_COLUMNS: Final = 2000
"""Columns of a feed, at most."""

MAX_NAME: Final = 256
"""Characters of a column's name, at most."""

MAX_TEXT: Final = 2**16
"""Characters of a value, at most."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def is_empty(value: object) -> bool:
    """Whether there is no value: None, blank text, NaN, an empty list."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, (list, tuple, dict)) and not value


def is_long(value: object) -> bool:
    """Whether a value, or a list or object with all it holds, has more than ``MAX_TEXT`` characters."""
    if isinstance(value, str):
        return len(value) > MAX_TEXT
    if not isinstance(value, (list, tuple, Mapping)):
        return False
    left, level = MAX_TEXT, list[object]([value])
    while level and left >= 0:
        inside: list[object] = []
        for item in level:
            if isinstance(item, str):
                left -= len(item)
            elif isinstance(item, Mapping):
                inside += item.values()
            elif isinstance(item, (list, tuple)):
                inside += item
            left -= 1
        level = inside
    return left < 0


def as_text(value: object) -> str:
    """A value as stripped text; control characters and lone surrogates become blanks."""
    if isinstance(value, str) and value.isprintable():
        return value.strip()
    if is_empty(value):
        return ""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        text = str(int(value))
    elif isinstance(value, (list, tuple)):
        text = ", ".join(as_text(item) for item in value)
    elif isinstance(value, Mapping):
        text = json.dumps(value, ensure_ascii=False, default=str)
    elif isinstance(value, (datetime.date, datetime.datetime)):
        text = value.isoformat()
    else:
        text = str(value)
    return _CONTROL.sub(" ", text).strip()


def as_link(value: object, name: str) -> str:
    """The address of a product: http, https or without a scheme; others (``javascript:``) could run code on a page."""
    text = as_text(value)
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        raise RowRefused("no address", hint="Use an http or https address") from None
    if scheme not in ("", "http", "https"):
        raise RowRefused(f"an address that begins with {scheme[:20]!r}", hint="Use an http or https address")
    return text
