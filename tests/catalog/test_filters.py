"""The filter language: what parses, what it means, what is refused and where the caret stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.catalog.filters import (
    CORE_FIELDS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    Between,
    Contains,
    Equals,
    Filter,
    Has,
    Not,
    Or,
    Ordered,
    as_number,
    matches,
    parse_filter,
    print_filter,
)
from streetshop.core.errors import FilterError
from streetshop.core.records import FieldType, Product

FIELDS: dict[str, FieldType] = {
    **CORE_FIELDS,
    "color": "text",
    "material": "text",
    "size": "text",
    "sleeve length": "text",
    "a`b": "text",
    "heel": "number",
    "organic": "boolean",
}

DRESS = Product(
    "D-1",
    title="Summer dress",
    category="Dress",
    brand="H&M",
    price=49.5,
    in_stock=True,
    attributes={"color": "Dark Red", "size": "38", "heel": 3.0, "organic": False},
)
BARE = Product("x")


def holds(text: str, product: Product = DRESS) -> bool:
    return matches(parse_filter(text, FIELDS), product)


@pytest.mark.parametrize(
    "text",
    [
        "category = dress",
        "CATEGORY = 'DRESS'",
        'category = dress and price < 50 and in_stock and brand in ("Zara", \'H&M\') and not (color ~ "blue")',
        "brand = H&M",
        "color ~ red",
        'color ~ "k r"',
        "has(color)",
        "not has(material)",
        "not has(`sleeve length`)",
        "price between 10 and 50",
        "price between 49.5 and 49.5",
        "price >= 49.5 and price <= 49.5 and price > 49 and price < 50 and price != 50",
        "price in (1, 49.5)",
        "price not in (1, 2)",
        "brand = zara or category = dress and price < 50",
        "(brand = zara or category = dress) and price < 50",
        "not not in_stock",
        "in_stock = yes and organic = no",
        "size = 38",
        "size = '38'",
        "size < 40",
        "material != cotton",
        "not material = cotton",
        "id = d-1",
        "title ~ summer",
        "price < 5e1",
    ],
)
def test_what_holds(text: str) -> None:
    assert holds(text)
    assert not holds(f"not ({text})")


@pytest.mark.parametrize(
    "text",
    ["category = dress", "price < 50", "price > 0", "in_stock", "in_stock = no", "color ~ e", "has(price)", "heel = 3"],
)
def test_a_missing_value_satisfies_no_comparison(text: str) -> None:
    assert not holds(text, BARE)
    assert holds(f"not ({text})", BARE)


def test_and_binds_tighter_than_or() -> None:
    tree = parse_filter("color = a or color = b and not color = c", FIELDS)
    c = Not(Equals("color", ("c",)))
    assert tree == Or((Equals("color", ("a",)), And((Equals("color", ("b",)), c))))


def test_positions_are_kept() -> None:
    tree = parse_filter("  price < 5 and has(color)", FIELDS)
    assert isinstance(tree, And)
    assert [term.position for term in tree.terms] == [2, 16]


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("", 0, "empty"),
        ("  \t\n ", 0, "empty"),
        ("price <", 7, "but the filter ends"),
        ("price < abc", 8, "a number is needed"),
        ("price = 'NaN'", 8, "a number is needed"),
        ("price < 1e999", 8, "a number is needed"),
        ("prise < 3", 0, "Did you mean: price"),
        ("in_stock = perhaps", 11, "true or false"),
        ("in_stock < 3", 9, "no order"),
        ("category < 3", 9, "no order"),
        ("price ~ 3", 6, "looks into text"),
        ("color", 5, "a comparison is needed"),
        ("color = ''", 8, "equals nothing"),
        ("(price < 3", 10, "close the parenthesis"),
        ("price < 3)", 9, "not expected"),
        ("price < 3 color = red", 10, "Join terms by and, or"),
        ("color in red", 9, "after in"),
        ("color in ()", 10, "a value for `color`"),
        ("color = 'red", 8, "never closed"),
        ("color = a ! b", 10, "cannot stand here"),
        ("and = 3", 0, "backticks"),
        ("price between 3 or 5", 16, "between the two ends"),
        ("has(prize)", 4, "Did you mean: price"),
        ("color = \ud800", 8, "surrogate"),
    ],
)
def test_errors_point_at_the_place(text: str, position: int, part: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, FIELDS)
    assert caught.value.position == position
    assert part in str(caught.value)
    lines = str(caught.value).splitlines()
    assert lines[-1] == "  " + " " * position + "^"
    assert len(lines) == 3


def test_limits() -> None:
    with pytest.raises(FilterError, match="at most 2000 characters"):
        parse_filter("color = " + "a" * MAX_LENGTH, FIELDS)
    deep = MAX_DEPTH - 1
    parse_filter("(" * deep + "in_stock" + ")" * deep, FIELDS)
    with pytest.raises(FilterError, match="inside each other"):
        parse_filter("(" * (deep + 1) + "in_stock" + ")" * (deep + 1), FIELDS)
    with pytest.raises(FilterError, match="inside each other"):
        parse_filter("not " * MAX_DEPTH + "in_stock", FIELDS)
    parse_filter(f"heel in ({','.join('1' * MAX_TERMS)})", FIELDS)
    with pytest.raises(FilterError, match="more than 100 values"):
        parse_filter(f"heel in ({','.join('1' * (MAX_TERMS + 1))})", FIELDS)


@pytest.mark.parametrize(
    ("value", "number"),
    [("38", 38.0), ("-1.5", -1.5), ("007", None), ("1e5", None), ("12345678901234567", None), ("", None), (True, None)],
)
def test_which_text_counts_as_a_number(value: str | bool, number: float | None) -> None:
    assert as_number(value) == number


def test_equal_text_in_other_spelling() -> None:
    cafe = Product("x", brand="Cafe\u0301", attributes={"material": "STRASSE"})
    assert holds("brand = 'CAFÉ'", cafe)
    assert holds("material = straße", cafe)


# --- properties ---------------------------------------------------------------------------------------------------

_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8).filter(str.strip)
_numbers = st.floats(-1e6, 1e6).map(lambda x: x + 0.0)
_of_text = st.sampled_from([name for name, kind in FIELDS.items() if kind == "text"])
_of_number = st.sampled_from([name for name, kind in FIELDS.items() if kind == "number"])
_leaves = st.one_of(
    st.builds(Equals, _of_text, st.lists(_texts, min_size=1, max_size=3).map(tuple)),
    st.builds(Equals, _of_number, st.lists(_numbers, min_size=1, max_size=3).map(tuple)),
    st.builds(Equals, st.sampled_from(["in_stock", "organic"]), st.booleans().map(lambda b: (b,))),
    st.builds(Ordered, _of_number, st.sampled_from(["<", "<=", ">", ">="]), _numbers),
    st.builds(Between, st.sampled_from(["price", "heel", "size"]), _numbers, _numbers),
    st.builds(Contains, _of_text, _texts),
    st.builds(Has, st.sampled_from(list(FIELDS))),
)


def _flat(kind: type[And] | type[Or], terms: list[Filter]) -> Filter:
    inner = [part for term in terms for part in (term.terms if isinstance(term, kind) else (term,))]
    return kind(tuple(inner))


filters = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: _flat(And, terms)),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: _flat(Or, terms)),
    ),
    max_leaves=8,
)


@given(filters)
@settings(max_examples=200, deadline=None)
def test_what_is_printed_parses_to_the_same(tree: Filter) -> None:
    assert parse_filter(print_filter(tree), FIELDS) == tree


_pieces = st.sampled_from(
    [
        *"()=<>~,'\"`!",
        "and",
        "or",
        "not",
        "in",
        "between",
        "has",
        "price",
        "color",
        "in_stock",
        "5",
        "red",
        " ",
        "!=",
        "<=",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_pieces, max_size=25).map(" ".join), st.lists(_pieces).map("".join)))
@settings(max_examples=500, deadline=None)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        tree = parse_filter(text, FIELDS)
    except FilterError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert parse_filter(print_filter(tree), FIELDS) == tree
        matches(tree, DRESS)
