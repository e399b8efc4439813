"""The kind of a product, from what its feed says: a column, the shop's mapping, its category, its title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from streetshop.core.kinds import KINDS
from streetshop.core.records import KindSource, Product
from streetshop.feeds.google import kind_of_number
from streetshop.feeds.words import LANGUAGES, NOTHING, fold, known_words, languages

RIGHT: Final[Mapping[KindSource, float]] = {
    "column": 1.0,
    "mapping": 1.0,
    "number": 0.99,
    "category": 0.99,
    "title": 0.98,
}
"""How often the kind of a source is right, see docs/experiments/kinds-by-words.md."""

_ENOUGH: Final = 3
"""Words that tell a shop's language."""


@dataclass(frozen=True, slots=True)
class KindFound:
    """A kind, where it comes from, and the probability that it is right; empty when nothing is known."""

    kind: str = ""
    source: KindSource = ""
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a feed says of the kind of a product.

    Attributes:
        given: the content of a column of kinds.
        categories: its category, product type and taxonomy paths, as the feed has them, each tried in turn.
        title: used when no category names an article.
        numbers: those of ``categories`` that may begin with a number of Google's product taxonomy.
    """

    given: str = ""
    categories: tuple[str, ...] = ()
    title: str = ""
    numbers: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Those that are written in a language."""
        return (*self.categories, self.title)


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """What shops call the kinds.

    Attributes:
        mapping: the shop's own: the kind of each category or path, as :func:`fold` gives it.
        spoken: languages that are read, see ``languages``. If they disagree, the one counts that knows most words of
            the product.
        sure: whether, if that is level too, the first of ``spoken`` counts.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    spoken: tuple[str, ...] = LANGUAGES
    sure: bool = False

    def find(self, words: KindWords) -> KindFound:
        """The kind of a product."""
        if kind := self.given_kind(words.given):
            return _found(kind, "column")
        if kind := next((self.mapping[key] for key in self.mapped(words)), ""):
            return _found(kind, "mapping")
        if kind := next(filter(None, map(kind_of_number, words.numbers)), ""):
            return _found(kind, "number")
        for text in words.categories:
            kind = self._named(text, "category", words.texts) if text else ""
            if kind == NOTHING:
                return KindFound()
            if kind in KINDS:
                return _found(kind, "category")
        kind = self._named(words.title, "title", words.texts) if words.title else ""
        return _found(kind, "title") if kind in KINDS else KindFound()

    def mapped(self, words: KindWords) -> list[str]:
        """The keys of :attr:`mapping` that the categories have."""
        return [key for text in words.categories if self.mapping and (key := mapping_key(text)) in self.mapping]

    def given_kind(self, given: str) -> str:
        """The kind that the content of a column of kinds names, by a word of any language; else ``""``."""
        plain = given.strip().lower()
        kind = plain if plain in KINDS or not plain else self._named(given, "category", (given,))
        return kind if kind in KINDS else ""

    def _named(self, text: str, part: str, texts: Sequence[str]) -> str:
        """What a text names in the languages that are spoken."""
        found = dict(_readings(text, part, self.spoken))
        if len(set(found.values())) < 2:
            return next(iter(found.values()), "")
        votes = Counter(name for text in texts for names in known_words(text) for name in names)
        best = max(votes[name] for name in found)
        level = [name for name in self.spoken if name in found and votes[name] == best]
        if self.sure or len({found[name] for name in level}) == 1:
            return found[level[0]]
        return ""


@lru_cache(maxsize=65536)
def _readings(text: str, part: str, spoken: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What a text names in each language that knows it."""
    found = ((name, getattr(languages()[name], part)(text)) for name in spoken)
    return tuple((name, kind) for name, kind in found if kind)


def _found(kind: str, source: KindSource) -> KindFound:
    return KindFound(kind, source, RIGHT[source])


def mapping_key(category: str) -> str:
    """A category or path as a key of :attr:`Taxonomy.mapping`: case, accents and blanks around ``>`` do not matter."""
    return " > ".join(" ".join(level.split()) for level in fold(category).split(">"))


def last_words(text: str) -> list[str]:
    """``"Maxi Dresses"`` is ``["maxi", "dress"]``: lower case, letters only, without an English plural."""
    words = re.findall(r"[^\W\d_]+", text.lower().replace("t-shirt", "tshirt"))
    return [re.sub(r"(?<=ss|sh|ch)es$|(?<=[^s])s$", "", word) for word in words]


TAXONOMY: Final = Taxonomy()
"""The shipped one, in all languages."""


def named(product: Product, categories: Sequence[str] = (), taxonomy: Taxonomy = TAXONOMY) -> Product:
    """The product with its kind by words, unless it has one.

    Args:
        product: as its feed or a caller describes it.
        categories: further texts that may name the kind, tried after its category.
        taxonomy: what words mean.
    """
    if product.kind:
        return product if product.kind_source else replace(product, kind_source="column", kind_probability=1.0)
    found = taxonomy.find(KindWords(categories=(product.category, *categories), title=product.title))
    return replace(product, kind=found.kind, kind_source=found.source, kind_probability=found.probability)


def spoken_languages(texts: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """The languages of a shop's texts, the commonest first, and whether enough words tell them.

    A word counts if only one language has it. Languages with less than a fifth of the first one's words are left out.
    """
    votes = Counter(names[0] for text in texts for names in known_words(text) if len(names) == 1)
    most = max(votes.values(), default=0)
    if most < _ENOUGH:
        return LANGUAGES, False
    return tuple(name for name, count in votes.most_common() if count >= most / 5), True
