"""Prices as shops of many countries write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency, get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import RowRefused
from streetshop.feeds.currencies import DECIMALS, SIGNS
from streetshop.feeds.prices import Price, PriceStyle, PriceSurvey, as_price

# The countries of a locale's own currency, with the styles of grouping and of signs that differ most.
LOCALES = {
    **{"en_US": "USD", "en_GB": "GBP", "de_DE": "EUR", "de_CH": "CHF", "de_AT": "EUR", "fr_FR": "EUR", "fr_CH": "CHF"},
    **{"es_ES": "EUR", "es_MX": "MXN", "it_IT": "EUR", "nl_NL": "EUR", "pt_BR": "BRL", "pt_PT": "EUR", "pl_PL": "PLN"},
    **{"sv_SE": "SEK", "nb_NO": "NOK", "da_DK": "DKK", "fi_FI": "EUR", "cs_CZ": "CZK", "hu_HU": "HUF", "ro_RO": "RON"},
    **{"tr_TR": "TRY", "ru_RU": "RUB", "uk_UA": "UAH", "en_IN": "INR", "hi_IN": "INR", "ja_JP": "JPY", "ko_KR": "KRW"},
    **{"zh_CN": "CNY", "th_TH": "THB", "vi_VN": "VND", "id_ID": "IDR", "he_IL": "ILS", "ar_AE": "AED", "en_CA": "CAD"},
    **{"fr_CA": "CAD", "en_AU": "AUD", "en_ZA": "ZAR", "bg_BG": "BGN", "el_GR": "EUR"},
}


@given(st.sampled_from(sorted(LOCALES)), st.integers(0, 10**9))
def test_what_a_locale_writes_is_read_back(locale: str, cents: int) -> None:
    code = LOCALES[locale]
    amount = Decimal(cents) / 10 ** get_currency_precision(code)
    price = as_price(format_currency(amount, code, locale=locale), "price")
    assert price is not None
    assert price.amount == pytest.approx(float(amount), abs=1e-9)
    if price.currency != code:  # "$" and "kr" alone
        assert any({price.currency, code} <= set(codes) for codes in SIGNS.values())
        told = as_price(format_currency(amount, code, locale=locale), "price", PriceStyle(currency=code))
        assert told is not None
        assert told.currency == code


@given(st.sampled_from(sorted(LOCALES.values())), st.sampled_from(["en_US", "de_DE", "de_CH", "sv_SE", "en_IN"]))
def test_codes_are_read_in_any_locale(code: str, locale: str) -> None:
    text = format_currency(Decimal(1234567), code, "#,##0.00 ¤¤", locale=locale, currency_digits=False)
    assert as_price(text, "price") == Price(1234567.0, code)


def test_decimals_are_those_of_cldr() -> None:
    # ISO 4217 has two decimals where people write none, as for the forint: a price may have fewer than its currency.
    assert {code for code, digits in DECIMALS.items() if get_currency_precision(code) > digits} == set()


CASES = [
    ("1.299,00 kr", 1299, "NOK"),
    ("Rs. 1,299", 1299, "INR"),
    ("US$ 19.99", 19.99, "USD"),
    ("$19.99 USD", 19.99, "USD"),
    ("R$ 99,90", 99.9, "BRL"),
    ("CA$20", 20, "CAD"),
    ("$ 20.00 AUD", 20, "AUD"),
    ("199,-", 199, ""),
    ("12 990 ₽", 12990, "RUB"),
    ("฿1,290", 1290, "THB"),
    ("1.299 €", 1299, "EUR"),
    ("19.99", 19.99, ""),
    ("1'200.20 CHF", 1200.2, "CHF"),
    ("CHF 1’200.-", 1200, "CHF"),
    ("49.- Fr.", 49, "CHF"),
    ("1,29,900", 129900, ""),
    ("₹1,29,900.00", 129900, "INR"),
    ("NOK 1 299,-", 1299, "NOK"),
    ("kr 1 299,–", 1299, "NOK"),
    ("1299:-", 1299, ""),
    ("1\u202f299,00\u00a0€", 1299, "EUR"),
    ("19€99", 19.99, "EUR"),
    ("$.99", 0.99, "USD"),
    ("0.500", 0.5, ""),
    ("1234.567", 1234.567, ""),
    ("16.8067", 16.8067, ""),
    ("12.500 KWD", 12.5, "KWD"),
    ("١٬٢٩٩٫٥٠ ر.س", 1299.5, "SAR"),
    ("12,800円", 12800, "JPY"),
    ("3.500.000 ₫", 3500000, "VND"),
    ("S/ 99.90", 99.9, "PEN"),
    ("19,99 € inkl. MwSt.", 19.99, "EUR"),
    ("25,00 € TTC", 25, "EUR"),
    ("25 € / Stück", 25, "EUR"),
    ("€ 1.299,—", 1299, "EUR"),
    ("0", 0, ""),
    ("USD1,299.00", 1299, "USD"),
    ("29.990000 EUR", 29.99, "EUR"),
]


@pytest.mark.parametrize(("text", "amount", "currency"), CASES)
def test_prices(text: str, amount: float, currency: str) -> None:
    assert as_price(text, "price") == Price(amount, currency)


@pytest.mark.parametrize(
    ("text", "amount", "remark"),
    [
        ("From $25.00", 25, "the lowest of several prices"),
        ("ab 25 €", 25, "the lowest of several prices"),
        ("à partir de 25,00 €", 25, "the lowest of several prices"),
        ("9.99+", 9.99, "the lowest of several prices"),
        ("19.99-29.99", 19.99, "a range of prices: the lowest counts"),
        ("€10 – €20", 10, "a range of prices: the lowest counts"),
        ("from 10 to 20 EUR", 10, "a range of prices: the lowest counts"),
        ("20-20", 20, ""),
    ],
)
def test_the_lowest_of_several_prices_counts(text: str, amount: float, remark: str) -> None:
    price = as_price(text, "price")
    assert price is not None
    assert (price.amount, price.remark) == (amount, remark)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("on request", "no price"),
        ("-5", "below zero"),
        ("$-5", "below zero"),
        ("USD 5 EUR", "several currencies"),
        ("50 EUR 40 EUR", "no price"),
        ("30-20", "no price"),
        ("10 20", "no price"),
        ("1e5", "no price"),
        ("12.34.56", "no price"),
        ("1,2,3", "no price"),
        ("1.299", "it may be 1299 or 1.299"),
        ("EUR 1.299", "it may be 1299 or 1.299"),
        ("12,500 KWD", "it may be 12500 or 12.500"),
        (True, "no price"),
        (float("inf"), "no price"),
        (-1, "no price"),
        ({"net": 5}, "no price"),
        ([1, 2], "no price"),
        ("9" * 400, "no price"),
    ],
)
def test_what_is_no_price_or_two_is_refused(value: object, reason: str) -> None:
    with pytest.raises(RowRefused) as caught:
        as_price(value, "price")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("value", "name", "amount", "currency"),
    [
        ("1999", "price_cents", 19.99, ""),
        (1999, "Price (cents)", 19.99, ""),
        ("1999 JPY", "priceMinor", 1999, "JPY"),
        (1999, "unit_amount", 19.99, ""),
        ({"value": "19.99", "currency": "USD"}, "price", 19.99, "USD"),
        ({"amount": 5, "currencyCode": "eur"}, "price", 5, "EUR"),
        ({"centAmount": 1999, "currencyCode": "EUR", "fractionDigits": 2}, "price", 19.99, "EUR"),
        ({"amountMicros": "19990000", "currencyCode": "USD"}, "price", 19.99, "USD"),
        ({"units": "19", "nanos": 990000000, "currencyCode": "EUR"}, "price", 19.99, "EUR"),
        (Decimal("19.99"), "price", 19.99, ""),
        (["5"], "price", 5, ""),
    ],
)
def test_cents_and_objects(value: object, name: str, amount: float, currency: str) -> None:
    price = as_price(value, name)
    assert price is not None
    assert (price.amount, price.currency) == (pytest.approx(amount), currency)


@pytest.mark.parametrize("value", [None, "", " \u00a0", float("nan"), {}, []])
def test_nothing_is_no_price(value: object) -> None:
    assert as_price(value, "price") is None


def style_of(*texts: str, currency: str = "", link: str = "") -> PriceStyle:
    survey = PriceSurvey()
    for text in texts:
        survey.add([text], "", link)
    return survey.style(currency)


def test_other_prices_tell_the_decimal_sign() -> None:
    dots, commas = style_of("19.99", "5.00", "1.299"), style_of("19,99 €", "5,00 €", "1.299 €")
    assert (dots.decimal, commas.decimal) == (".", ",")
    assert style_of("19.99", "19,99").decimal == ""
    assert style_of(*["19.99"] * 10, "19,99").decimal == ".", "one of eleven is a slip"
    assert as_price("1.299", "price", dots) == Price(1.299)
    assert as_price("1.299 EUR", "price", dots) == Price(1.299, "EUR")
    assert as_price("1.299", "price", commas) == Price(1299)
    assert as_price("1,299", "price", commas) == Price(1.299)
    assert as_price("1,299 €", "price", dots) == Price(1299, "EUR")
    for text, style in (("1.299 €", dots), ("1,299 €", commas)):
        with pytest.raises(RowRefused, match=r"it may be 1299 or 1\.299"):
            as_price(text, "price", style)


def test_other_prices_and_addresses_tell_the_currency_of_a_sign() -> None:
    assert style_of("199 kr").usual["kr"] == "NOK"
    assert style_of("199 kr", "SEK 5").usual["kr"] == "SEK"
    assert style_of("199 kr", link="https://www.butik.dk/p/1").usual["kr"] == "DKK"
    assert style_of("$5", link="https://shop.example.ca/1").usual["$"] == "CAD"
    assert as_price("199 kr", "price", style_of("199 kr", currency="ISK")) == Price(199, "ISK")
    assert as_price("199", "price", style_of(currency="ISK")) == Price(199, "ISK")
    assert as_price("199 €", "price", style_of(currency="ISK")) == Price(199, "EUR")


def test_a_sign_of_several_currencies_is_noted_unless_the_feed_tells() -> None:
    survey = PriceSurvey()
    survey.add(["199 kr"], "", "")
    survey.add(["5 kr"], "", "")
    (note,) = survey.notes()
    assert note == "'kr' in 2 prices is read as NOK; it may be SEK, DKK, ISK: give --currency CODE"
    assert survey.notes("SEK") == ()
    survey.add(["1"], "DKK", "")
    assert survey.notes() == ()


PIECES = [
    "1",
    "99",
    ".",
    ",",
    " ",
    "'",
    "-",
    "€",
    "$",
    "kr",
    "from",
    "ab",
    "–",
    "%",
    "(",
    "٣",
    "\u200e",
    "EUR",
    "x",
    "0",
]


@given(st.text(max_size=30) | st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_any_text_is_a_price_or_refused(text: str) -> None:
    survey = PriceSurvey()
    survey.add([text], text, text)
    survey.notes()
    try:
        price = as_price(text, "price", survey.style())
    except RowRefused as error:
        assert len(str(error).splitlines()) == 1
        return
    assert price is None or (price.amount >= 0 and (not price.currency or price.currency in DECIMALS))
