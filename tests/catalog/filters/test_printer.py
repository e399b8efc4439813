"""Filters as text."""

from __future__ import annotations

from hypothesis import given, settings

from streetshop.catalog.filters.parser import parse_filter
from streetshop.catalog.filters.printer import print_filter
from streetshop.catalog.filters.tree import Filter
from tests.catalog.filters.examples import FIELDS, filters


@given(filters)
@settings(max_examples=200, deadline=None)
def test_what_is_printed_parses_to_the_same(tree: Filter) -> None:
    assert parse_filter(print_filter(tree), FIELDS) == tree
