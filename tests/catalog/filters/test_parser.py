"""What parses, what is refused, and where the caret stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.catalog.filters.lexer import MAX_LENGTH
from streetshop.catalog.filters.matching import matches
from streetshop.catalog.filters.parser import MAX_DEPTH, MAX_TERMS, parse_filter
from streetshop.catalog.filters.printer import print_filter
from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Ordered
from streetshop.core.errors import FilterError
from tests.catalog.filters.examples import DRESS, FIELDS


def test_and_binds_tighter_than_or() -> None:
    tree = parse_filter("color = a or color = b and not color = c", FIELDS)
    c = Not(Equals("color", ("c",)))
    assert tree == Or((Equals("color", ("a",)), And((Equals("color", ("b",)), c))))


def test_positions_are_kept() -> None:
    tree = parse_filter("  price < 5 and has(color)", FIELDS)
    assert isinstance(tree, And)
    assert [term.position for term in tree.terms] == [2, 16]


def positions(tree: Filter) -> list[int]:
    """Of every term, each before those inside it."""
    inner = tree.terms if isinstance(tree, And | Or) else (tree.term,) if isinstance(tree, Not) else ()
    return [tree.position, *(position for term in inner for position in positions(term))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" color = red", [1]),
        (" color != red", [1, 1]),
        ("  price >= 5", [2]),
        (" color ~ re", [1]),
        (" price between 3 and 5", [1]),
        (" color in (a, b)", [1]),
        (" color not in (a, b)", [1, 1]),
        ("  in_stock", [2]),
        (" has(color)", [1]),
        (" not has(color)", [1, 5]),
        (" color = a or price < 5 and in_stock", [1, 1, 14, 14, 28]),
    ],
)
def test_every_term_knows_its_place(text: str, expected: list[int]) -> None:
    assert positions(parse_filter(text, FIELDS)) == expected


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("color = true", Equals("color", ("true",))),
        ("color = 'and'", Equals("color", ("and",))),
        ("color = 'it''s'", Equals("color", ("it's",))),
        ('color = "a""b"', Equals("color", ('a"b',))),
        ("in_stock = no", Equals("in_stock", (False,))),
        ("in_stock = TRUE", Equals("in_stock", (True,))),
        ("NOT in_stock", Not(Equals("in_stock", (True,)))),
        ("price = -0", Equals("price", (0.0,))),
        ("price between 3 and 5", Between("price", 3.0, 5.0)),
        ("price != 5", Not(Equals("price", (5.0,)))),
        ("color not in (a, b)", Not(Equals("color", ("a", "b")))),
        ("color ~ RE", Contains("color", "RE")),
        ("COLOR = red", Equals("color", ("red",))),
        ("`color` = red", Equals("color", ("red",))),
        ("heel >= 5", Ordered("heel", ">=", 5.0)),
        ("has(heel)", Has("heel")),
    ],
)
def test_every_form_has_its_tree(text: str, tree: Filter) -> None:
    assert parse_filter(text, FIELDS) == tree


@pytest.mark.parametrize("term", ["has(color)", "in_stock", "color = a", "price < 5", "color ~ a"])
def test_terms_of_every_form_are_counted(term: str) -> None:
    parse_filter(" or ".join([term] * MAX_TERMS), FIELDS)
    with pytest.raises(FilterError, match="more than 100 values") as caught:
        parse_filter(" or ".join([term] * (MAX_TERMS + 1)), FIELDS)
    last = MAX_TERMS * (len(term) + 4)
    assert last <= caught.value.position < last + len(term)


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
