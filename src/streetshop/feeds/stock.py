"""Whether a product can be bought now: numbers of pieces, words and sentences (``stock.toml``)."""

from __future__ import annotations

import decimal
import math
import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from streetshop.core.errors import RowRefused
from streetshop.feeds.values import as_text, is_empty
from streetshop.feeds.words import fold

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("streetshop.feeds").joinpath("stock.toml").read_text(encoding="utf-8")
)
_YES: Final = frozenset(_DATA["words"]["yes"])
_NO: Final = frozenset(_DATA["words"]["no"])
_NOT: Final = frozenset(_DATA["phrases"]["not"])
_PIECES: Final = frozenset(_DATA["phrases"]["pieces"])
_NUMBER: Final = re.compile(r"[<>~≥≤]?=?\s*([+-]?\d[\d.,']*)\s*\+?")
_COUNT: Final = re.compile(r"(?<![\w-])(\d+)\b")
_ADDRESS: Final = re.compile(r"(?:https?://)?(?:www\.)?schema\.org/|https?://", re.IGNORECASE)


def _phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    longest = sorted(set(phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")


_SAYS_NO: Final = _phrases(_DATA["phrases"]["no"])
_SAYS_YES: Final = _phrases(_DATA["phrases"]["yes"])


def as_stock(value: object, name: str) -> bool | None:
    """Whether it can be bought now; None if the cell is empty.

    What must be waited for before it can be sent, such as a pre-order or back-order, cannot be bought now; what is sent
    in some weeks can. A negative number of pieces was sold before it came.

    Raises:
        RowRefused: it says neither.
    """
    if is_empty(value):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, decimal.Decimal)):
        return value > 0
    text = as_text(value)
    number = _NUMBER.fullmatch(text)
    if number and (pieces := _pieces(number[1])) is not None:
        return pieces > 0
    found = _said(fold(text.rsplit("/", 1)[-1] if _ADDRESS.match(text) else text))
    if found is None:
        raise RowRefused("it says neither yes nor no", hint="Use in_stock, out_of_stock, true or false")
    return found


@lru_cache(maxsize=4096)
def _said(text: str) -> bool | None:
    word = re.sub(r"[\s_.!-]", "", text)
    if word in _YES or word in _NO:
        return word in _YES
    sentence = " ".join(re.sub(r"[\s_\-–—/]+", " ", text).replace("'", " ").split())
    words = re.findall(r"\w+", sentence)
    count = _COUNT.search(sentence)
    is_count = count is not None and (
        (sentence.startswith(count[0]) or (words[-2:-1] and not words[-2].isdigit() and words[-1] == count[0]))
        and len(words) <= 4
    )
    if is_count and count is not None and int(count[0][:18]) == 0:
        return False
    if _SAYS_NO.search(sentence):
        return False
    if (yes := _SAYS_YES.search(sentence)) is not None:
        return _NOT.isdisjoint(words) or yes[0] in _NOT
    if not _NOT.isdisjoint(words[:1]):
        return False
    # "12 pcs", and nothing else.
    if len(words) == 2 and words[0].isdigit() and words[1] in _PIECES:
        return int(words[0][:18]) > 0
    return None


def _pieces(number: str) -> float | None:
    """``100.0000`` and ``1,5``; of ``1.000.000`` it is enough that it is above zero."""
    if number.count(".") + number.count(",") + number.count("'") > 1:
        number = re.sub(r"[.,']", "", number)
    try:
        pieces = float(number.replace(",", ".").replace("'", ""))
    except ValueError:
        return None
    return None if math.isnan(pieces) else pieces


def pieces_in_all(cells: Iterable[object]) -> bool | None:
    """Whether there are pieces at any place; None if no cell holds a number."""
    found = []
    for cell in cells:
        match = _NUMBER.fullmatch(as_text(cell))
        if match and (pieces := _pieces(match[1])) is not None:
            found.append(max(pieces, 0.0))
    return sum(found) > 0 if found else None
