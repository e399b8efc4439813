"""Print a filter as text."""

from __future__ import annotations

import re

from streetshop.catalog.filters.lexer import KEYWORDS
from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Ordered
from streetshop.core.records import AttributeValue


def print_filter(where: Filter) -> str:
    """Text that parses to the same tree."""
    match where:
        case And(terms):
            return " and ".join(_operand(term) for term in terms)
        case Or(terms):
            return " or ".join(_operand(term) for term in terms)
        case Not(term):
            return f"not {_operand(term)}"
        case Has(name):
            return f"has({_name(name)})"
        case Contains(name, value):
            return f"{_name(name)} ~ {_value(value)}"
        case Between(name, low, high):
            return f"{_name(name)} between {_value(low)} and {_value(high)}"
        case Ordered(name, op, limit):
            return f"{_name(name)} {op} {_value(limit)}"
        case Equals(name, (value,)):
            return f"{_name(name)} = {_value(value)}"
        case Equals(name, values):
            return f"{_name(name)} in ({', '.join(_value(value) for value in values)})"


def _operand(where: Filter) -> str:
    text = print_filter(where)
    return f"({text})" if isinstance(where, And | Or) else text


def _name(name: str) -> str:
    return name if re.fullmatch(r"[^\W\d]\w*", name) and name not in KEYWORDS else f"`{name.replace('`', '``')}`"


def _value(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.replace(chr(34), chr(34) * 2)}"'
    return repr(value)
