"""Stock in numbers, words and sentences of eight languages."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import RowRefused
from streetshop.feeds.stock import as_stock, pieces_in_all
from streetshop.feeds.words import fold

YES = """
in stock|In stock (5)|5 in stock|only 2 left|low stock|ships in 2 weeks|Ships within 24 hours
In stock, ready to ship|made to order|12|3.0|1.234|100.0000|1.000.000|10+|>10|12 pcs
https://schema.org/InStock|schema.org/LimitedAvailability|available for order|Lieferbar in 3-5 Tagen
Nur noch 3 Stück|nur noch 1 auf Lager|Sofort lieferbar|auf Lager, Lieferzeit 1-3 Werktage|lagernd|5 Stk.
plus que 2 en stock|Expédié sous 48h|en stock|Envío en 24 horas|quedan 3|hay existencias|disponibile
Spedizione in 2 giorni|op voorraad|Levertijd 2 dagen|morgen in huis|Em estoque|pronta entrega|wysyłka w 24h
dostępny|od ręki|Tak|sí
"""
NO = """
out of stock|Temporarily out of stock, ships in 2 weeks|backorder|On backorder|Pre-order|pre_order|sold out
coming soon|not available|Available from May 3|discontinued|None left|0|0.0|-2|-3.0|0 in stock
http://schema.org/SoldOut|https://schema.org/PreOrder|Vorbestellung|vorbestellbar ab 12.3.|nicht vorrätig
Zur Zeit nicht lieferbar|lieferbar ab 12.03.2027|derzeit ausverkauft|0 Stück|n'est plus disponible
plus disponible|Rupture de stock|actuellement indisponible|épuisée|bientôt disponible|no disponible
No está disponible|agotado|próximamente|non disponibile|esaurito|in arrivo|niet op voorraad|uitverkocht
binnenkort|sem estoque|esgotado|em breve|niedostępny|brak w magazynie|Brak|wyprzedane|wkrótce
"""


@pytest.mark.parametrize("text", [text for line in YES.split("\n") for text in line.split("|") if text])
def test_can_be_bought(text: str) -> None:
    assert as_stock(text, "stock") is True


@pytest.mark.parametrize("text", [text for line in NO.split("\n") for text in line.split("|") if text])
def test_cannot_be_bought_now(text: str) -> None:
    assert as_stock(text, "stock") is False


@pytest.mark.parametrize("text", ["perhaps", "???", "n/a", "blue", "on request", "tba"])
def test_what_says_neither_is_refused(text: str) -> None:
    with pytest.raises(RowRefused, match="neither yes nor no"):
        as_stock(text, "stock")


@pytest.mark.parametrize(
    ("value", "stock"),
    [
        (3, True),
        (0, False),
        (-1, False),
        (2.5, True),
        (Decimal("0.00"), False),
        (True, True),
        (False, False),
        (None, None),
    ],
)
def test_typed_values(value: object, stock: bool | None) -> None:
    assert as_stock(value, "stock") is stock


def test_pieces_of_several_places_count_together() -> None:
    assert pieces_in_all(["0", "3", ""]) is True
    assert pieces_in_all(["-3", "0.0"]) is False
    assert pieces_in_all(["-3", "2"]) is True, "one shop owes three, another has two"
    assert pieces_in_all(["", None, "soon"]) is None


def test_the_words_are_folded_and_say_one_thing() -> None:
    data = tomllib.loads(files("streetshop.feeds").joinpath("stock.toml").read_text(encoding="utf-8"))
    words = data["words"]
    assert not {*words["yes"]} & {*words["no"]}
    assert all(word == fold(word) and word.isalnum() for word in (*words["yes"], *words["no"]))
    assert all(phrase == fold(phrase) for phrases in data["phrases"].values() for phrase in phrases)
    assert not {*data["phrases"]["yes"]} & {*data["phrases"]["no"]}


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert as_stock(text, "stock") in (True, False, None)
    except RowRefused as error:
        assert len(str(error).splitlines()) == 1
