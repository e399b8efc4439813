"""The kind of a product, from what its feed says: a column, the shop's mapping, words of its category, its title."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Final

from streetshop.core.kinds import KINDS
from streetshop.core.records import KindSource, Product


@dataclass(frozen=True, slots=True)
class KindFound:
    """A kind, where it comes from, and the probability that it is right; empty when nothing is known."""

    kind: str = ""
    source: KindSource = ""
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """What shops call the kinds.

    Attributes:
        words: the kind of each word.
        mapping: the shop's own: the kind of each category or path, in lower case.
    """

    words: Mapping[str, str]
    mapping: Mapping[str, str] = field(default_factory=dict)

    def find(self, *, given: str = "", categories: Sequence[str] = (), title: str = "") -> KindFound:
        """The kind of a product.

        Args:
            given: what the feed has in a column of kinds.
            categories: its category, product type and taxonomy paths, as the feed has them.
            title: used when nothing else names a kind.
        """
        if given.strip().lower() in KINDS:
            return KindFound(given.strip().lower(), "column", 1.0)
        for text in categories:
            if kind := self.mapping.get(text.strip().lower()):
                return KindFound(kind, "mapping", 1.0)
        for text in (given, *categories):
            if kind := self._named(text):
                return KindFound(kind, "category", 0.97)
        if kind := self._named(title):
            return KindFound(kind, "title", 0.9)
        return KindFound()

    def _named(self, text: str) -> str:
        for part in reversed(text.split(">")):
            for word in reversed(last_words(part)):
                if kind := self.words.get(word):
                    return kind
        return ""


def last_words(text: str) -> list[str]:
    """``"Maxi Dresses"`` is ``["maxi", "dress"]``: lower case, letters only, without an English plural."""
    words = re.findall(r"[^\W\d_]+", text.lower().replace("t-shirt", "tshirt"))
    return [re.sub(r"(?<=ss|sh|ch)es$|(?<=[^s])s$", "", word) for word in words]


TAXONOMY: Final = Taxonomy(
    {kind: kind for kind in KINDS}
    | {
        word: name
        for name, words in tomllib.loads(
            files("streetshop.feeds").joinpath("kinds.toml").read_text(encoding="utf-8")
        ).items()
        for word in words
    }
)
"""The shipped one, see ``kinds.toml``."""


def named(product: Product, categories: Sequence[str] = (), taxonomy: Taxonomy = TAXONOMY) -> Product:
    """The product with its kind by words, unless it has one.

    Args:
        product: as its feed or a caller describes it.
        categories: further texts that may name the kind, tried after its category.
        taxonomy: what words mean.
    """
    if product.kind:
        return product if product.kind_source else replace(product, kind_source="column", kind_probability=1.0)
    found = taxonomy.find(categories=(product.category, *categories), title=product.title)
    return replace(product, kind=found.kind, kind_source=found.source, kind_probability=found.probability)
