"""Numbers of Google's product taxonomy."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from streetshop.core.kinds import KINDS
from streetshop.feeds.google import kind_of_number


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2271", "dress"),
        (" 187 ", "footwear"),
        ("5598 - Apparel & Accessories > Clothing > Outerwear > Coats & Jackets", "outerwear"),
        ("3032", "bag"),
        ("100", "bag"),
        ("166", ""),
        ("1604", ""),
        ("213", ""),
        ("2271.5", ""),
        ("-2271", ""),
        ("99999999999", ""),
        ("", ""),
        ("Dresses", ""),
        ("٢٢٧١", "dress"),
    ],
)
def test_kind_of_a_number(text: str, kind: str) -> None:
    assert kind_of_number(text) == kind


def test_the_table_has_each_number_once() -> None:
    data = tomllib.loads(files("streetshop.feeds").joinpath("google.toml").read_text(encoding="utf-8"))
    assert set(data) == set(KINDS)
    numbers = [number for kind in data.values() for number in kind]
    assert len(numbers) == len(set(numbers)) > 140
