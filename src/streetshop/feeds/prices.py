"""Prices as shops write them: ``19.99``, ``1.299,00 kr``, ``Rs. 1,29,900``, ``ab 25 €``, ``19.99-29.99``.

What can be read in two ways is refused: a wrong price is worse than none.
"""

from __future__ import annotations

import decimal
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from streetshop.core.errors import RowRefused
from streetshop.feeds.currencies import (
    COUNTRIES,
    CURRENCY,
    DECIMALS,
    FROM,
    SAID,
    SIGNS,
    TO,
    codes_of,
    name_and_currency,
)
from streetshop.feeds.synonyms import plain_name

_HINT: Final = "Write it like 19.99 or 19.99 USD"
_NUMBER: Final = re.compile(r"\d+(?:[.,'٬٫ ]\d+)*")
_SEPARATORS: Final = re.compile(r"([.,'٬٫ ])")
_LEADING_POINT: Final = re.compile(r"(?<!\d)(?<!\d[ ])[.,](?=\d{1,2}(?!\d))")
_NO_CENTS: Final = re.compile(r"(\d)\s*[.,:]?\s*(?:-|–|—|―|−)+(?!.*\d)")
_SPLIT: Final = re.compile(r"(?<!\d)(\d{1,6})\s?€\s?(\d\d)(?!\d)")
_NEGATIVE: Final = re.compile(r"[-−]\s*$")
_SAME: Final = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "＇": "'", "−": "-", "‐": "-", "‑": "-"}
)
_USUAL: Final = re.compile(r"(\d{1,12}(?:\.\d{1,2})?)(?: ([A-Z]{3}))?")
"""As most feeds write prices: ``19.99`` or ``19.99 USD``."""
_READ: Final = 200
_AGREE: Final = 0.9
"""Share of the telling prices of a column from which their decimal sign counts for the others."""
MINOR: Final = re.compile(r"_(?:in_)?(?:cents?|minor(?:_?units?)?|pence|centimes?|grosz[ye]|øre|öre|ore|micros?)$")
"""The end of the plain name of a column of prices in cents, or in millionths."""
_CENTS: Final = frozenset({"unit_amount", "cents", "amount_minor"})


@dataclass(frozen=True, slots=True)
class Price:
    """A price.

    Attributes:
        amount: in units of the currency.
        currency: ISO 4217; empty if nothing tells.
        remark: how it was read where it is not what stands there.
    """

    amount: float
    currency: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class PriceStyle:
    """What a whole feed tells of its prices.

    Attributes:
        decimal: ``.`` or ``,`` where the prices of the feed tell which one it uses; else empty.
        usual: the currency of each sign that several currencies have.
        currency: of prices that name none.
    """

    decimal: str = ""
    usual: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""


PLAIN: Final = PriceStyle()
"""Nothing is known of the feed."""


def as_price(value: object, name: str, style: PriceStyle = PLAIN) -> Price | None:
    """The price in a cell, None if it is empty.

    Of a dot and a comma the later one is the decimal sign. Three digits after a single one are thousands beside the
    sign of a currency (``1.299 €``) and after a comma. ``1.299`` and ``1.299 EUR`` are read as the other prices of the
    feed tell, and refused if they do not.

    Args:
        value: text, a number, or an object such as ``{"value": "19.99", "currency": "USD"}``.
        name: of its column, which may say that it is in cents, and the currency.
        style: of the feed.

    Raises:
        RowRefused: it is no price, is negative, or can be read in two ways.
    """
    minor = _minor(name)
    if currency := name_and_currency(name)[1]:
        style = replace(style, currency=currency)
    if isinstance(value, Mapping):
        return _object(value, name, style)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool):
        price: Price | None = Price(_checked(value), style.currency)
    elif isinstance(value, (list, tuple)):
        price = as_price(value[0], name, style) if len(value) == 1 else _refuse() if value else None
    elif isinstance(value, str):
        price = _text(value, style)
    else:
        _refuse()
    if price is None or not minor:
        return price
    factor = 1_000_000 if "micro" in minor else 10 ** DECIMALS.get(price.currency, 2)
    return Price(round(price.amount / factor, 6), price.currency, price.remark)


@lru_cache(maxsize=1024)
def _minor(name: str) -> str:
    """What a column's name says of the unit of its prices; empty for whole units of the currency."""
    plain = plain_name(name)
    found = MINOR.search(plain)
    return found[0] if found else plain if plain in _CENTS else ""


def _text(value: str, style: PriceStyle) -> Price | None:
    if not value.strip():
        return None
    usual = _USUAL.fullmatch(value)
    if usual and (usual[2] or "") in ("", *DECIMALS):
        return Price(float(usual[1]), usual[2] or style.currency)
    signs, bare = _signs(value[: _READ + 1])
    numbers = list(_NUMBER.finditer(bare))
    if not numbers or len(value) > _READ:
        _refuse()
    codes = _codes(signs)
    currency = _currency(signs, codes, style)
    between = [bare[one.end() : other.start()].strip() for one, other in pairwise(numbers)]
    before, after = bare[: numbers[0].start()], bare[numbers[-1].end() :]
    if _NEGATIVE.search(before):
        raise RowRefused("a price below zero", hint="A price is a number >= 0, like 19.99")
    words = [word for word in re.split(r"[\s/()\[\]:;,*]+|\.(?=\s|$)", f"{before} {after}") if word]
    lowest = any(word in FROM for word in words) or "+" in words
    if any(word not in SAID and word not in FROM and word != "+" for word in words):
        _refuse()
    amounts = [_amount(match[0], signs, currency, style) for match in numbers]
    if len(amounts) == 2 and between[0] in TO and amounts[0] <= amounts[1]:
        if amounts[0] < amounts[1]:
            return Price(amounts[0], currency, "a range of prices: the lowest counts")
        return Price(amounts[0], currency)
    if len(amounts) != 1:
        _refuse()
    return Price(amounts[0], currency, "the lowest of several prices" if lowest else "")


@lru_cache(maxsize=16384)
def _signs(value: str) -> tuple[tuple[str, ...], str]:
    """The signs and codes of currencies in a text, and the text in plain form without them."""
    text = _SPLIT.sub(r"\1.\2 €", _NO_CENTS.sub(r"\1", _plain(value)))
    text = _LEADING_POINT.sub("0.", text)
    return tuple(match[0] for match in CURRENCY.finditer(text)), CURRENCY.sub(" ", text)


def _plain(text: str) -> str:
    """Lower case, with ASCII digits, blanks and apostrophes, without marks of direction."""
    # A comma for thousands is an apostrophe here, a decimal one its own sign, as nothing else is written in Arabic.
    text = unicodedata.normalize("NFC", text[: _READ + 1].translate(_SAME))
    plain = []
    for c in text:
        kind = unicodedata.category(c)
        if kind == "Nd":
            plain.append(str(unicodedata.decimal(c)))
        elif kind == "Zs" or c in "\t\r\n":
            plain.append(" ")
        elif kind not in ("Cf", "Cc"):
            plain.append({"，": ",", "．": ".", "＄": "$", "￥": "¥", "￡": "£", "￦": "₩", "～": "~"}.get(c, c))
    return " ".join("".join(plain).lower().split())


def _codes(signs: Sequence[str]) -> set[str]:
    """The currencies that all signs may mean; empty without a sign."""
    found = [set(codes_of(sign)) for sign in signs]
    if not found:
        return set()
    codes = set.intersection(*found)
    if not codes:
        raise RowRefused("several currencies", hint=_HINT)
    return codes


def _currency(signs: Sequence[str], codes: set[str], style: PriceStyle) -> str:
    if not codes:
        return style.currency
    if len(codes) == 1:
        return next(iter(codes))
    if style.currency in codes:
        return style.currency
    sign = signs[0].rstrip(".")
    usual = style.usual.get(sign, "")
    return usual if usual in codes else next(code for code in codes_of(sign) if code in codes)


def _amount(number: str, signs: Sequence[str], currency: str, style: PriceStyle) -> float:
    whole, cents = _parts(number)
    if whole is None:
        _refuse()
    if cents is None and (sign := _single(number)) and _are_decimals(sign, number, signs, currency, style):
        whole, cents = number.split(sign)
    return _checked(f"{whole}.{cents or 0}")


def _are_decimals(sign: str, number: str, signs: Sequence[str], currency: str, style: PriceStyle) -> bool:
    """Whether three digits after one dot or comma are decimals, not thousands. Raises RowRefused if nothing tells."""
    thousandths = bool(signs) and DECIMALS.get(currency, 2) == 3
    coded = all(len(each) == 3 and each.upper() in DECIMALS for each in signs)  # as programs write it
    if style.decimal and (style.decimal != sign or coded or thousandths):
        return style.decimal == sign
    if thousandths and sign == ".":
        return True
    if style.decimal or thousandths or (coded and sign == "."):
        raise RowRefused(
            f"it may be {number.replace(sign, '')} or {number.replace(sign, '.')}", hint="Write it with two decimals"
        )
    return False


def _single(number: str) -> str:
    """The dot or comma of ``1.299``, with three digits behind and one to three before; else ``""``."""
    match = re.fullmatch(r"[1-9]\d{0,2}([.,])\d{3}", number)
    return match[1] if match else ""


def _parts(number: str) -> tuple[str | None, str | None]:
    """Whole units and decimals (None if there are none); (None, None) if it is grouped as no number is."""
    pieces = _SEPARATORS.split(number)
    groups, signs = pieces[::2], pieces[1::2]
    if not signs:
        return groups[0], None
    last, others = signs[-1], set(signs[:-1])
    is_decimal = last == "٫" or (
        last in ".,"
        and (others - {last} != set() or (len(signs) == 1 and (len(groups[-1]) != 3 or not _single(number))))
    )
    if is_decimal:
        if len(others) > 1 or last in others or not _is_grouped(groups[:-1]):
            return None, None
        return "".join(groups[:-1]), groups[-1]
    if others - {last} or not _is_grouped(groups):
        return None, None
    return "".join(groups), None


def _is_grouped(groups: list[str]) -> bool:
    """``1 299 000``, or by lakhs ``1,29,900``."""
    first, *rest = groups
    if not rest:
        return True
    if not 1 <= len(first) <= 3 or len(rest[-1]) != 3:
        return False
    return all(len(group) == 3 for group in rest) or (len(first) <= 2 and all(len(group) == 2 for group in rest[:-1]))


def _object(value: Mapping[str, object], name: str, style: PriceStyle) -> Price | None:
    """``{"amount": "19.99", "currencyCode": "USD"}`` and the like, as shops' APIs write prices."""
    fields = {re.sub(r"[\W_]", "", str(key)).lower(): item for key, item in value.items()}
    currency = next((str(fields[key]).upper() for key in ("currency", "currencycode") if fields.get(key)), "")
    style = PriceStyle(style.decimal, style.usual, currency if currency in DECIMALS else style.currency)
    for key, unit in (
        ("amountmicros", "micros"),
        ("centamount", "cents"),
        ("amountcents", "cents"),
        ("minor", "cents"),
    ):
        if key in fields:
            price = as_price(fields[key], name, style)
            if price is None:
                return None
            digits = fields.get("fractiondigits", DECIMALS.get(price.currency, 2))
            power = 6 if unit == "micros" else digits if isinstance(digits, int) and 0 <= digits <= 6 else 2
            return Price(round(price.amount / 10**power, 6), price.currency, price.remark)
    if "amount" in fields and isinstance(divisor := fields.get("divisor"), int) and divisor > 0:  # Etsy's API
        price = as_price(fields["amount"], name, style)
        return None if price is None else Price(round(price.amount / divisor, 6), price.currency, price.remark)
    if "units" in fields:
        whole = as_price(fields["units"], name, style)
        nanos = fields.get("nanos")
        extra = nanos / 1e9 if isinstance(nanos, int) and 0 <= nanos < 10**9 else 0.0
        return None if whole is None else Price(round(whole.amount + extra, 6), whole.currency)
    for key in ("value", "amount", "price", "current", "raw", "min"):
        if key in fields:
            return as_price(fields[key], name, style)
    return _refuse() if value else None


def _checked(value: str | float | decimal.Decimal) -> float:
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        amount = math.nan
    if not math.isfinite(amount) or amount < 0:
        raise RowRefused("no price", hint="A price is a number >= 0, like 19.99")
    return amount


def _refuse() -> Price:
    raise RowRefused("no price", hint=_HINT)


class PriceSurvey:
    """Learns from all rows how a feed writes its prices.

    Args:
        decimal: the decimal sign of its system, if that is known.
    """

    def __init__(self, decimal: str = "") -> None:
        self._decimal = decimal
        self._decimals: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._signs: Counter[str] = Counter()
        self._countries: Counter[str] = Counter()

    def add(self, prices: list[object], currency: object, link: object) -> None:
        """Take a row into account: its prices, the cell of its currency, and the address of its product."""
        for value in prices:
            if isinstance(value, str) and 0 < len(value) <= _READ:
                self._add_text(value)
        if isinstance(currency, str) and currency.strip().upper() in DECIMALS:
            self._codes[currency.strip().upper()] += 1
        if self._signs and isinstance(link, str) and "://" in link[:10]:
            try:
                host = urlsplit(link).hostname or ""
            except ValueError:
                return
            self._countries[COUNTRIES.get(host.rpartition(".")[2], "")] += 1

    def _add_text(self, value: str) -> None:
        if usual := _USUAL.fullmatch(value):
            self._decimals["."] += "." in usual[1]
            if usual[2] in DECIMALS:
                self._codes[usual[2]] += 1
            return
        signs, bare = _signs(value)
        for sign in signs:
            codes = codes_of(sign)
            if len(codes) == 1:
                self._codes[codes[0]] += 1
            elif codes:
                self._signs[sign.rstrip(".")] += 1
        for match in _NUMBER.finditer(bare):
            whole, cents = _parts(match[0])
            if whole is not None and cents is not None:
                mark = match[0][-len(cents) - 1]
                self._decimals[mark] += mark in ".,"

    def style(self, currency: str = "") -> PriceStyle:
        """What the rows tell.

        Args:
            currency: of prices that name none, as the user says.
        """
        total = self._decimals.total()
        decimal_sign = next((sign for sign, n in self._decimals.most_common(1) if n >= _AGREE * total), "")
        usual = {}
        for sign in self._signs:
            told = [code for code in (*_likely(self._codes), *_likely(self._countries)) if code in SIGNS[sign]]
            usual[sign] = told[0] if told else SIGNS[sign][0]
        return PriceStyle(decimal_sign or ("" if total else self._decimal), usual, currency)

    def notes(self, currency: str = "") -> tuple[str, ...]:
        """Which signs were read as the currency that most shops mean, since nothing in the feed tells."""
        style, notes = self.style(currency), []
        for sign, count in self._signs.most_common():
            codes = SIGNS[sign]
            told = {*self._codes, *self._countries, currency} & set(codes)
            if not told and sign != "$":
                notes.append(
                    f"{sign!r} in {count} prices is read as {style.usual[sign]}; it may be {', '.join(codes[1:])}: "
                    "give --currency CODE"
                )
        return tuple(notes)


def _likely(counts: Counter[str]) -> list[str]:
    return [code for code, _ in counts.most_common() if code]
