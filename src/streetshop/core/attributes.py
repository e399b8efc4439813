"""Attributes that the models predict, and what feeds call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "colour": (
        *("colour", "color", "colour_name", "color_name", "base_colour", "main_colour", "colors", "colours"),
        *("farbe", "couleur", "colore", "kleur", "cor", "kolor"),
    ),
    "pattern": ("pattern", "muster", "motif", "estampado", "fantasia", "patroon", "estampa", "wzór", "wzor"),
    "sleeve": (
        *("sleeve", "sleeves", "sleeve_length", "ärmel", "aermel", "ärmellänge", "aermellaenge", "manches", "manga"),
        *("mangas", "manica", "maniche", "mouw", "mouwlengte", "rękaw", "rekaw"),
    ),
    "occasion": (
        *("occasion", "occasions", "anlass", "anlässe", "anlaesse", "occasione", "ocasión", "ocasion", "ocasião"),
        *("ocasiao", "gelegenheid", "okazja"),
    ),
}
"""Column names of each attribute in feeds: English, German, French, Spanish, Italian, Dutch, Portuguese, Polish."""

_NAMES: Final = {column: name for name, columns in SYNONYMS.items() for column in columns}


def attribute_name(column: str) -> str | None:
    """The attribute that a feed's column holds, ``colour`` for ``color``; None if it is another column.

    Args:
        column: its name in lower case.
    """
    return _NAMES.get(column)


def attribute_names(columns: Iterable[str]) -> set[str]:
    """The attributes that columns of these names hold."""
    return {name for column in columns if (name := attribute_name(column))}
