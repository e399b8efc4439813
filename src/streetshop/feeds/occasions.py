"""The occasion of a product by words of its feed: the rules in ``occasions.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from streetshop.core.records import Product
from streetshop.feeds.words import fold, split_words

OCCASIONS: Final = ("workout", "formal", "party", "casual", "business", "beach")
"""What :func:`occasion_of` tells."""

RIGHT: Final = 0.9
"""How often it is right, see docs/experiments/kinds-by-words.md."""

_LEAST: Final = "casual"
"""Told only if nothing else is: by the article itself, such as a hoodie."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Words, phrases and beginnings of words that tell an occasion; of some kinds only if ``kinds`` is not empty."""

    words: frozenset[str]
    phrases: tuple[str, ...]
    beginnings: tuple[str, ...]
    kinds: frozenset[str]

    def tells(self, kind: str, words: frozenset[str], text: str) -> bool:
        if self.kinds and kind not in self.kinds:
            return False
        if not self.words.isdisjoint(words) or any(word.startswith(self.beginnings) for word in words):
            return True
        return any(phrase in text for phrase in self.phrases)


def occasion_of(product: Product) -> tuple[str, float] | None:
    """The occasion of a product and the probability that it is right.

    Returns:
        None if its feed says the occasion, if it is of no kind, or if its words tell no occasion or two.
    """
    if not product.kind or "occasion" in product.attributes:
        return None
    data, rules = _rules()
    texts = [product.title, product.category]
    texts += [str(product.attributes[name]) for name in data["attributes"] if name in product.attributes]
    words = [word for text in texts for word in split_words(fold(text))]
    known, text = frozenset(words), f" {' '.join(words)} "
    told = {name for name, rule in rules.items() if rule.tells(product.kind, known, text)}
    if told - {_LEAST}:
        told.discard(_LEAST)
    if "formal" in told:
        told -= set(data["formal_over"])
    return (told.pop(), RIGHT) if len(told) == 1 else None


@cache
def _rules() -> tuple[dict[str, Any], Mapping[str, _Rule]]:
    data = tomllib.loads(files("streetshop.feeds").joinpath("occasions.toml").read_text(encoding="utf-8"))
    return data, {name: _rule(content) for name, content in data["occasion"].items()}


def _rule(content: Mapping[str, list[str]]) -> _Rule:
    words = [(fold(word.rstrip("*")), word.endswith("*")) for word in content["words"]]
    return _Rule(
        frozenset(word for word, begins in words if not begins and " " not in word),
        tuple(f" {word} " for word, begins in words if not begins and " " in word),
        tuple(word for word, begins in words if begins),
        frozenset(content.get("kinds", ())),
    )
