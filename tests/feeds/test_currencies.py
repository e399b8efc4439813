"""Currencies, and columns that name one."""

from __future__ import annotations

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.currencies import check_currency, codes_of, name_and_currency


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("price_eur", ("price", "EUR")),
        ("priceuah", ("price", "UAH")),
        ("Variant Price USD", ("variant_price", "USD")),
        ("Price (EUR)", ("price", "EUR")),
        ("Preis in €", ("preis", "EUR")),
        ("price", ("", "")),
        ("price_all", ("", "")),
        ("Price $", ("", "")),
        ("", ("", "")),
    ],
)
def test_columns_that_name_a_currency(column: str, found: tuple[str, str]) -> None:
    assert name_and_currency(column) == found


def test_codes() -> None:
    assert codes_of("€") == codes_of("eur") == ("EUR",)
    assert len(codes_of("kr")) > 1
    assert codes_of("xyz") == ()
    assert check_currency(" eur ") == "EUR"
    with pytest.raises(FeedError, match="no currency"):
        check_currency("EURO")
