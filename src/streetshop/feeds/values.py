"""The values in the cells of a feed: text, prices, stock.

Each function takes a value as CSV (always text), JSON or Parquet gives it, and raises :class:`RowRefused` with the
reason if it is not understood: a wrong price is worse than a product that is refused with a reason.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from streetshop.core.errors import RowRefused
from streetshop.feeds.synonyms import IN_STOCK, NOT_IN_STOCK
from streetshop.feeds.words import fold

Values: TypeAlias = dict[str, object]
"""The values of a row by the column names of the feed."""

MAX_COLUMNS: Final = 2000
"""Columns of a feed, at most."""

MAX_NAME: Final = 256
"""Characters of a column's name, at most."""

MAX_TEXT: Final = 2**16
"""Characters of a value, at most."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SYMBOLS: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "zł": "PLN", "₺": "TRY"}
_PRICE: Final = re.compile(
    r"(?P<before>[A-Za-z]{3}|[$€£¥₹₩₺])?\s*(?P<number>-?\d[\d.,'’\s]*)\s*(?P<after>[A-Za-z]{3}|[$€£¥₹₩₺]|zł)?"
)
_PIECES: Final = re.compile(r"[+-]?\d+([.,]\d+)?")


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


def as_price(value: object, name: str) -> tuple[float | None, str]:
    """Amount and currency ("" if there is none) from ``19.99``, ``"19.99 USD"``, ``"€ 1.299,00"``; (None, "") if empty.

    Of a dot and a comma the later one is the decimal sign. A comma alone is one unless three digits follow; a dot alone
    always is, as in Google's format.
    """
    if is_empty(value):
        return None, ""
    if isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool):
        return _amount(value, name), ""
    text = as_text(value)
    match = _PRICE.fullmatch(text)
    if match is None or (match["before"] and match["after"]):
        raise RowRefused(f"{name} {text[:60]!r} is no price", hint="Write it like 19.99 or 19.99 USD")
    currency = match["before"] or match["after"] or ""
    number = re.sub(r"[\s'’]", "", match["number"])
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        thousands = "," if number.rindex(".") > number.rindex(",") else "."
        number = number.replace(thousands, "").replace(",", ".")
    elif commas == 1 and not re.search(r",\d{3}$", number):
        number = number.replace(",", ".")
    elif commas:
        number = number.replace(",", "")
    elif dots > 1:
        number = number.replace(".", "")
    return _amount(number, name), _SYMBOLS.get(currency, currency.upper())


def _amount(value: str | float | decimal.Decimal, name: str) -> float:
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        amount = math.nan
    if not math.isfinite(amount) or amount < 0:
        raise RowRefused(f"{name} {str(value)[:60]} is no price", hint="A price is a number >= 0, like 19.99")
    return amount


def as_stock(value: object, name: str) -> bool | None:
    """Whether it can be bought now: booleans, numbers of pieces, words (``synonyms.toml``)."""
    if is_empty(value):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, decimal.Decimal)):
        return value > 0
    text = as_text(value)
    if _PIECES.fullmatch(text):
        return float(text.replace(",", ".")) > 0
    word = re.sub(r"[\s_-]", "", fold(text.rsplit("/", 1)[-1]))
    if word in IN_STOCK:
        return True
    if word in NOT_IN_STOCK:
        return False
    raise RowRefused(f"{name} {text[:60]!r} is not understood", hint="Use in_stock, out_of_stock, true or false")


def as_link(value: object, name: str) -> str:
    """The address of a product: http, https or without a scheme; others (``javascript:``) could run code on a page."""
    text = as_text(value)
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        raise RowRefused(f"{name} {text[:60]!r} is no address", hint="Use an http or https address") from None
    if scheme not in ("", "http", "https"):
        raise RowRefused(f"{name} begins with {scheme!r}", hint="Use an http or https address")
    return text


def on_sale(value: object, today: datetime.datetime) -> bool:
    """Whether ``sale_price_effective_date`` ("start/end", ISO 8601) includes ``today``; an empty one always does."""
    text = as_text(value)
    if not text:
        return True
    try:
        start, end = (_moment(part) for part in text.split("/"))
    except ValueError:
        raise RowRefused(
            f"sale_price_effective_date {text[:60]!r} is not understood", hint="Write start/end, both as ISO 8601"
        ) from None
    return start <= today <= end


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
