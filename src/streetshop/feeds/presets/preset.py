"""A preset: how a shop system exports its products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from streetshop.feeds.presets.sheet import Found, Sheet

Read: TypeAlias = Callable[[], Iterable[Found]]
"""Gives the products of a file as rows, again and again."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How a shop system exports its products.

    Attributes:
        name: as in ``--preset``.
        title: as people call it.
        marks: sets of keys of columns; a file with all of one set is of this system. See ``synonyms.name_key``.
        fields: keys of the columns of fields, the first that is there counts; other columns are found as usual.
        open: makes the reader of a sheet whose products stand in several rows, or need more than columns.
        templates: paths of pictures, see ``template.PictureTemplate``: the first whose picture is there counts.
        slashes: a slash separates the levels of a category.
        decimal: the decimal sign of prices.
    """

    name: str
    title: str
    marks: tuple[frozenset[str], ...]
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open: Callable[[Sheet], Read] | None = None
    templates: tuple[str, ...] = ()
    slashes: bool = False
    decimal: str = ""


def marks(*sets: str) -> tuple[frozenset[str], ...]:
    """Sets of keys, each written as words."""
    return tuple(frozenset(words.split()) for words in sets)
