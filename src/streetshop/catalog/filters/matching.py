"""The meaning of a filter for one product."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Final

from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Ordered
from streetshop.catalog.filters.values import as_number, as_text, field_values, fold
from streetshop.core.records import AttributeValue, Product

_COMPARE: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def matches(where: Filter, product: Product) -> bool:
    """Whether a product passes the filter. Every store must agree with this function."""
    return _holds(where, field_values(product))


def _holds(where: Filter, values: Mapping[str, AttributeValue]) -> bool:
    match where:
        case And(terms):
            return all(_holds(term, values) for term in terms)
        case Or(terms):
            return any(_holds(term, values) for term in terms)
        case Not(term):
            return not _holds(term, values)
        case _:
            value = values.get(where.name)
            return value is not None and _compares(where, value)


def _compares(where: Equals | Ordered | Between | Contains | Has, value: AttributeValue) -> bool:
    number = as_number(value)
    match where:
        case Has():
            return True
        case Contains(_, part):
            text = as_text(value)
            return text is not None and fold(part) in text
        case Between(_, low, high):
            return number is not None and low <= number <= high
        case Ordered(_, op, limit):
            return number is not None and _COMPARE[op](number, limit)
        case Equals(_, choices):
            return any(_equal(value, choice) for choice in choices)


def _equal(value: AttributeValue, choice: AttributeValue) -> bool:
    if isinstance(choice, bool):
        return value is choice
    number = as_number(value)
    if number is not None and number == as_number(choice):
        return True
    text = as_text(value)
    return isinstance(choice, str) and text is not None and text == as_text(choice)
