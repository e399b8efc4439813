"""Whether a sale is on: its dates, in one cell or in two."""

from __future__ import annotations

import datetime
import re
from typing import Final

from streetshop.core.errors import RowRefused
from streetshop.feeds.values import as_text

_DAY: Final = datetime.timedelta(days=1)
_NUMERIC: Final = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(am|pm)?)?", re.IGNORECASE
)
_ZONE: Final = re.compile(r"\s*(?:UTC|GMT|Z)?\s*([+-]\d{2}:?\d{2})?$")
_NOTHING: Final = frozenset({"", "0000-00-00", "0000-00-00 00:00:00", "null", "none", "0", "-"})
_HINT: Final = "Write it as ISO 8601: 2026-05-01, or 2026-05-01T00:00+02:00"


def on_sale(interval: object, start: object, end: object, now: datetime.datetime) -> bool:
    """Whether a sale is on.

    A date without a time is the whole day, and one without a zone is in UTC.

    Args:
        interval: ``start/end``, as Google writes it; either may be left out.
        start: of the sale, in a cell of its own.
        end: the same for its end.
        now: with a zone.

    Raises:
        RowRefused: a date is not understood, or can be read as day and month in two ways that differ here.
    """
    text = _text(interval)
    first, slash, last = text.partition("/")
    if text and not slash:
        raise RowRefused("no interval", hint="Write start/end, both as ISO 8601")
    if text and text.count("/") > 1:
        raise RowRefused("no interval", hint="Write start/end, both as ISO 8601")
    return (
        _holds(first, is_end=False, now=now)
        and _holds(last, is_end=True, now=now)
        and _holds(_text(start), is_end=False, now=now)
        and _holds(_text(end), is_end=True, now=now)
    )


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = as_text(value)
    return "" if text.lower() in _NOTHING else text


def _holds(text: str, *, is_end: bool, now: datetime.datetime) -> bool:
    if not text.strip():
        return True
    found = {(now <= moment) if is_end else (moment <= now) for moment in _moments(text.strip(), is_end=is_end)}
    if len(found) == 1:
        return found.pop()
    raise RowRefused("it may be two dates" if found else "no date", hint=_HINT)


def _moments(text: str, *, is_end: bool) -> list[datetime.datetime]:
    """What a text may mean; of a day alone its end, if the sale ends with it."""
    moment = _iso(text, is_end=is_end)
    if moment is not None:
        return [moment]
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return [datetime.datetime.fromtimestamp(int(text[:10]), datetime.UTC)]
    match = _NUMERIC.fullmatch(_ZONE.sub("", text) if text[-1:].isdigit() is False else text)
    if match is None:
        return []
    one, sign, two, three = int(match[1]), match[2], int(match[3]), int(match[4])
    if len(match[1]) == 4:
        orders = [(one, two, three)]
    else:
        year = three if len(match[4]) == 4 else 2000 + three
        orders = [(year, two, one)] if sign == "." else [(year, two, one), (year, one, two)]
    return [moment for order in orders if (moment := _built(order, match, is_end=is_end)) is not None]


def _iso(text: str, *, is_end: bool) -> datetime.datetime | None:
    plain = text.replace(" UTC", "Z").replace(" +", "+") if text[:4].isdigit() and "-" in text[:8] else text
    if not re.match(r"\d{4}-\d\d", plain) and not re.match(r"\d{8}(?:T|$)", plain):
        return None
    try:
        moment = datetime.datetime.fromisoformat(plain)
        if re.fullmatch(r"\d{4}-?\d\d-?\d\d", plain) and is_end:
            moment += _DAY
    except OverflowError:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _built(order: tuple[int, int, int], match: re.Match[str], *, is_end: bool) -> datetime.datetime | None:
    hour, half = int(match[5] or 0), (match[8] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "pm")
    try:
        moment = datetime.datetime(*order, hour, int(match[6] or 0), int(match[7] or 0), tzinfo=datetime.UTC)
        return moment + _DAY if is_end and match[5] is None else moment
    except (ValueError, OverflowError):
        return None
