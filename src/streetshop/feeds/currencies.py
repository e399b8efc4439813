"""Currencies and their signs: ``currencies.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from streetshop.core.errors import FeedError
from streetshop.feeds.synonyms import FIELD_KEYS, plain_name

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("streetshop.feeds").joinpath("currencies.toml").read_text(encoding="utf-8")
)

DECIMALS: Final[Mapping[str, int]] = {
    **dict.fromkeys(_DATA["none"].split(), 0),
    **dict.fromkeys(_DATA["two"].split(), 2),
    **dict.fromkeys(_DATA["three"].split(), 3),
}
"""Decimals of the prices in each currency, by its ISO 4217 code."""
SIGNS: Final[Mapping[str, tuple[str, ...]]] = {sign: tuple(codes.split()) for sign, codes in _DATA["signs"].items()}
"""The currencies of a sign, the usual one first. Signs are in lower case."""
COUNTRIES: Final[Mapping[str, str]] = _DATA["countries"]
"""The currency of a country, by the last part of its internet names."""
SAID: Final = frozenset(_DATA["words"]["said"].split())
"""Words beside a price that change nothing."""
FROM: Final = frozenset(_DATA["words"]["from"].split())
"""Words that make a price the lowest of several."""
TO: Final = frozenset(_DATA["words"]["to"].split())
"""What stands between the lowest and the highest of several prices."""


def _pattern() -> re.Pattern[str]:
    """A sign or a code. Letters stand alone, and a dot may follow them."""
    signs = sorted([*SIGNS, *(code.lower() for code in DECIMALS)], key=len, reverse=True)
    bounded = (
        (r"(?<![^\W\d_])" if sign[0].isalpha() else "")
        + re.escape(sign)
        + (r"(?![^\W\d_])\.?" if sign[-1].isalpha() else "")
        for sign in signs
    )
    return re.compile("|".join(bounded))


_WORDS: Final = frozenset({"ALL", "TOP", "CUP"})
"""Codes that are words in names of columns."""
CURRENCY: Final = _pattern()
"""A sign or a code in text of lower case."""


def codes_of(sign: str) -> tuple[str, ...]:
    """The currencies that a match of :data:`CURRENCY` may mean."""
    for name in (sign, sign.rstrip(".")):
        if name in SIGNS:
            return SIGNS[name]
        if name.upper() in DECIMALS:
            return (name.upper(),)
    return ()


@lru_cache(maxsize=1024)
def name_and_currency(column: str) -> tuple[str, str]:
    """The plain name of a column of prices without its currency, and that; both empty if it names none.

    ``price_eur``, ``Price (USD)`` and ``Preis in €`` name one, ``price`` and ``price_all`` do not.
    """
    name = plain_name(column)
    code = (name[-3:] if name[:-3] in FIELD_KEYS["price"] else name.rpartition("_")[2]).upper()
    if code in DECIMALS and code not in _WORDS:
        return name[: -len(code)].rstrip("_").removesuffix("_in"), code
    signs = {codes[0] for sign in column if not sign.isalnum() and len(codes := SIGNS.get(sign, ())) == 1}
    return (name.removesuffix("_in"), signs.pop()) if len(signs) == 1 else ("", "")


def check_currency(code: str) -> str:
    """The code in upper case. Raises :class:`FeedError` if it is no currency; an empty one is none."""
    if code and code.strip().upper() not in DECIMALS:
        raise FeedError(f"{code[:60]!r} is no currency", hint="Give a code of ISO 4217, such as EUR or SEK")
    return code.strip().upper()
