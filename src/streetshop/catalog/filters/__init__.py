"""The filter language, the same on the command line, in the Python API, in the server and on the page.

    category = dress and price < 50 and in_stock and brand in ("Zara", 'H&M') and not (color ~ red)

``parse_filter`` turns text into a tree (``tree``) and checks it against the fields of the catalog. ``matches`` defines
what the tree means for one product; every store is tested against it. ``print_filter`` is the inverse of
``parse_filter``. The grammar for users is in ``docs/filters.md``.

A missing value satisfies no comparison, and ``not`` is plain negation: ``brand != Zara`` and ``not brand = Zara`` both
hold for a product without a brand. Text is compared without regard to case.
"""

from streetshop.catalog.filters.lexer import MAX_LENGTH
from streetshop.catalog.filters.matching import matches
from streetshop.catalog.filters.parser import MAX_DEPTH, MAX_TERMS, parse_filter
from streetshop.catalog.filters.printer import print_filter
from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Order, Ordered
from streetshop.catalog.filters.values import CORE_FIELDS, as_number, as_text, field_values, fold

__all__ = [
    "CORE_FIELDS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TERMS",
    "And",
    "Between",
    "Contains",
    "Equals",
    "Filter",
    "Has",
    "Not",
    "Or",
    "Order",
    "Ordered",
    "as_number",
    "as_text",
    "field_values",
    "fold",
    "matches",
    "parse_filter",
    "print_filter",
]
