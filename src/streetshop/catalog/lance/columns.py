"""Filter columns: the fields of products as Arrow columns, and filters evaluated on them.

A field has one column per kind of value: ``t:<field>`` holds folded text, ``n:<field>`` the number that a value is or
spells, ``b:<field>`` booleans, each null for products without one. ``x:<field>`` marks values that are plain text,
neither number nor boolean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import (
    CORE_FIELDS,
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
    as_text,
    field_values,
    fold,
)
from streetshop.core.records import FieldType, Product

if TYPE_CHECKING:
    import pyarrow as pa

Mask: TypeAlias = NDArray[np.bool_]
_COMPARE: Final = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def field_types(columns: Iterable[str]) -> dict[str, FieldType]:
    """The fields of the filter columns with these names, core fields first, then sorted by name."""
    kinds: dict[str, set[str]] = {}
    for column in columns:
        if column[1:2] == ":":
            kinds.setdefault(column[2:], set()).add(column[0])
    types: dict[str, FieldType] = {**CORE_FIELDS}
    for name in sorted(kinds.keys() - CORE_FIELDS.keys()):
        has = kinds[name]
        if "x" in has or ("b" in has and len(has) > 1):
            types[name] = "text"
        else:
            types[name] = "boolean" if "b" in has else "number"
    return types


def product_columns(products: Sequence[Product]) -> dict[str, pa.Array]:
    """The filter columns of products, in the same order; columns without any value are left out."""
    import pyarrow as pa

    cells: dict[str, list[Any]] = {}
    for i, product in enumerate(products):
        for name, value in field_values(product).items():
            for column, cell in _cells(name, value):
                cells.setdefault(column, [None] * len(products))[i] = cell
    types = {"t": pa.utf8(), "n": pa.float64(), "b": pa.bool_(), "x": pa.bool_()}
    return {column: pa.array(values, types[column[0]]) for column, values in cells.items()}


def _cells(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    core = CORE_FIELDS.get(name)
    if isinstance(value, bool):
        return [(f"b:{name}", value)]
    number = None if core == "text" else as_number(value)
    cells: list[tuple[str, Any]] = [] if core == "number" else [(f"t:{name}", as_text(value))]
    if number is not None:
        cells.append((f"n:{name}", number))
    elif core is None:
        cells.append((f"x:{name}", True))
    return cells


def filter_mask(where: Filter, table: pa.Table) -> Mask:
    """(rows,) booleans: which products pass. Equal to ``filters.matches`` for each of them."""
    match where:
        case And(terms):
            return np.asarray(reduce(np.logical_and, (filter_mask(term, table) for term in terms)))
        case Or(terms):
            return np.asarray(reduce(np.logical_or, (filter_mask(term, table) for term in terms)))
        case Not(term):
            return ~filter_mask(term, table)
        case Has(name):
            return _any(
                table,
                {f"{kind}:{name}": lambda column: _bools(column.is_valid()) for kind in "tnb"},
            )
        case Contains(name, value):
            return _any(
                table,
                {f"t:{name}": lambda column: _texts(column, "match_substring", fold(value))},
            )
        case Between(name, low, high):
            return _any(
                table,
                {f"n:{name}": lambda c: (_numbers(c) >= low) & (_numbers(c) <= high)},
            )
        case Ordered(name, op, limit):
            return _any(
                table,
                {f"n:{name}": lambda column: _COMPARE[op](_numbers(column), limit)},
            )
        case Equals(name, values):
            return _equals(table, name, values)


def _equals(table: pa.Table, name: str, values: Sequence[Any]) -> Mask:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [text for value in values if isinstance(value, str) and (text := as_text(value)) is not None]
    numbers = [number for value in values if (number := as_number(value)) is not None]
    booleans = [value for value in values if isinstance(value, bool)]
    tests: dict[str, Callable[[Any], Mask]] = {}
    if texts:
        tests[f"t:{name}"] = lambda column: _texts(column, "is_in", pa.array(texts))
    if numbers:
        tests[f"n:{name}"] = lambda column: np.isin(_numbers(column), numbers)
    if booleans:
        tests[f"b:{name}"] = lambda column: _bools(pc.is_in(column, pa.array(booleans)))
    return _any(table, tests)


def _any(table: pa.Table, tests: Mapping[str, Callable[[Any], Mask]]) -> Mask:
    found = [test(table.column(name)) for name, test in tests.items() if name in table.column_names]
    return np.asarray(reduce(np.logical_or, found, np.zeros(len(table), bool)))


def _numbers(column: Any) -> NDArray[np.float64]:
    """Null becomes NaN: no comparison holds for it."""
    return np.asarray(column.to_numpy(), np.float64)


def _texts(column: Any, test: str, argument: Any) -> Mask:
    """A test of text, evaluated once per distinct value."""
    import pyarrow.compute as pc

    options = pc.SetLookupOptions(argument) if test == "is_in" else pc.MatchSubstringOptions(argument)
    parts = [np.zeros(0, bool)]
    for chunk in column.chunks:
        holds = np.append(_bools(pc.call_function(test, [chunk.dictionary], options)), False)  # the last is for nulls
        parts.append(holds[chunk.indices.fill_null(len(holds) - 1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts)


def _bools(column: Any) -> Mask:
    return np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), bool)
