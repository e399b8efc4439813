"""What all rows of a feed say of kinds: the languages of its words, and what could not be used."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from streetshop.feeds.kinds import KindWords, Taxonomy, spoken_languages

_TEXTS: Final = 2000
"""Different texts that tell the languages of a feed."""
_NAMED: Final = 5
"""Examples in a note."""


class KindSurvey:
    """Reads what rows say of kinds, before the first of them becomes a product.

    Args:
        taxonomy: with the shop's mapping, in all languages.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._texts: dict[str, None] = {}
        self._unknown: Counter[str] = Counter()
        self._used: set[str] = set()

    @property
    def learns(self) -> bool:
        """Whether a row without a kind of its own still tells something."""
        return len(self._texts) < _TEXTS or bool(self._taxonomy.mapping)

    def add(self, words: KindWords) -> None:
        """Take a row into account."""
        if len(self._texts) < _TEXTS:
            self._texts.update(dict.fromkeys(words.texts))
        if words.given and (words.given in self._unknown or not self._taxonomy.given_kind(words.given)):
            self._unknown[words.given] += 1
        self._used.update(self._taxonomy.mapped(words))

    def taxonomy(self) -> Taxonomy:
        """The taxonomy in the languages of the feed."""
        spoken, sure = spoken_languages(self._texts)
        return replace(self._taxonomy, spoken=spoken, sure=sure)

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        notes = []
        if self._unknown:
            names = ", ".join(f"{name[:40]!r} ({count})" for name, count in self._unknown.most_common(_NAMED))
            more = f" and {len(self._unknown) - _NAMED} more" if len(self._unknown) > _NAMED else ""
            notes.append(
                f"the column of kinds names no kind in {self._unknown.total()} rows: {names}{more}; "
                "their categories, titles and pictures decide"
            )
        if unused := [key for key in self._taxonomy.mapping if key not in self._used]:
            names = ", ".join(repr(key[:60]) for key in unused[:_NAMED])
            more = f" and {len(unused) - _NAMED} more" if len(unused) > _NAMED else ""
            notes.append(f"no product has these categories of the file of kinds: {names}{more}")
        return tuple(notes)
