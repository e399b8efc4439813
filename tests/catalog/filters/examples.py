"""Fields, products and drawn filters for tests."""

from __future__ import annotations

from hypothesis import strategies as st

from streetshop.catalog.filters.matching import matches
from streetshop.catalog.filters.parser import parse_filter
from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Ordered
from streetshop.catalog.filters.values import CORE_FIELDS
from streetshop.core.records import FieldType, Product

FIELDS: dict[str, FieldType] = {
    **CORE_FIELDS,
    "color": "text",
    "colour": "text",
    "pattern": "text",
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
