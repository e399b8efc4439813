"""The syntax tree of a filter: frozen, hashable, with the position of each term in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from streetshop.core.records import AttributeValue

Order: TypeAlias = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Equals:
    """The field has one of the values. Several values are an ``in``."""

    name: str
    values: tuple[AttributeValue, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ordered:
    """The field is a number on one side of ``value``."""

    name: str
    op: Order
    value: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """The field is a number from ``low`` to ``high``, both included."""

    name: str
    low: float
    high: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Contains:
    """The field is a text that contains ``value``."""

    name: str
    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """The product has any value in the field."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: Filter
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """Two or more terms, none of them an ``And``."""

    terms: tuple[Filter, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more terms, none of them an ``Or``."""

    terms: tuple[Filter, ...]
    position: int = field(default=0, compare=False)


Filter: TypeAlias = Equals | Ordered | Between | Contains | Has | Not | And | Or
