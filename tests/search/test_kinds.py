"""Which kinds a garment is searched among."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from streetshop.catalog.filters import matches, parse_filter
from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Product
from streetshop.search.kinds import AGREEMENT, agreement, likely_kinds, of_kinds, parse_kinds

FIELDS = {"kind": "text", "price": "number"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["auto"], None),
        (["ANY"], ()),
        (["dress, Skirt", "dress"], ("dress", "skirt")),
    ],
)
def test_text(values: Sequence[str], expected: tuple[str, ...] | None) -> None:
    assert parse_kinds(values) == expected


@pytest.mark.parametrize("values", [["gown"], ["auto", "dress"], ["any,dress"]])
def test_bad_text(values: Sequence[str]) -> None:
    with pytest.raises(RequestInvalid, match="kind"):
        parse_kinds(values)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ({}, []),
        ({"garment": 1.0}, []),
        ({"dress": 0.9, "skirt": 0.1}, ["dress"]),
        ({"skirt": 0.35, "dress": 0.45, "top": 0.2}, ["dress", "skirt"]),
        ({"skirt": 0.34, "dress": 0.33, "top": 0.33}, ["skirt", "dress"]),
        ({"dress": 0.0}, []),
    ],
)
def test_one_kind_or_two_that_are_nearly_level(probabilities: dict[str, float], expected: list[str]) -> None:
    found = likely_kinds(probabilities)
    assert list(found) == expected
    assert all(found[kind] == probabilities[kind] for kind in expected)


def test_the_filter_is_narrowed_and_unknown_kinds_pass() -> None:
    products = [
        Product("a", kind="dress", price=10.0),
        Product("b", kind="skirt", price=10.0),
        Product("c", price=99.0),
    ]

    def passing(where: str | None, kinds: Sequence[str], *, unknown: bool = True) -> str:
        parsed = None if where is None else parse_filter(where, FIELDS)
        narrowed = of_kinds(parsed, kinds, unknown=unknown)
        return "".join(p.id for p in products if narrowed is None or matches(narrowed, p))

    assert passing(None, ()) == "abc"
    assert passing(None, ("dress",)) == "ac"
    assert passing(None, ("dress",), unknown=False) == "a"
    assert passing("price < 50", ("dress", "skirt")) == "ab"
    assert passing("price > 5 and price < 50", ("skirt",)) == "b"
    assert passing("price > 50 or price < 5", ("skirt",)) == "c"


def test_a_less_likely_kind_ranks_lower() -> None:
    unknown = pytest.approx(AGREEMENT * math.log(0.5))
    assert agreement({}) == {}
    assert agreement({"dress": 0.3}) == {"dress": 0.0, "": unknown}
    assert agreement({"dress": 0.5, "skirt": 0.3}) == {
        "dress": pytest.approx(AGREEMENT * math.log(5 / 8)),
        "skirt": pytest.approx(AGREEMENT * math.log(3 / 8)),
        "": unknown,
    }
