"""What words of a shop's language call the kinds: the files in ``languages``.

A text such as ``Women > Dresses & Skirts > Maxi`` has levels, and a level has parts that "and" joins. Each part is
named by its noun: the last one in English, German and Dutch, the first one in the others.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
"""The languages that are read."""

NOTHING: Final = "none"
"""What a word names that is an article, but of no kind: a shoe cabinet, a gift card, pyjamas."""

MIXED: Final = "mixed"
"""What a text names that joins articles of several kinds: ``Dresses & Skirts``."""

_LONGEST: Final = 4
_READ: Final = 400
"""Characters of a text that are read."""
_COMPOUND: Final = 5
"""Letters of a word that may be the last part of any compound; shorter ones are listed as ``joined``."""
_LEVELS: Final = re.compile(r"[>»›→|:]|\s[-–—]\s")
_SEGMENTS: Final = re.compile(r"[,;:|()\[\]]|\s[-–—]\s")
_LETTERS: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae", "ı": "i"})
_HYPHENED: Final = re.compile(r"\b([tgk])[\s\-‐‑]+(shirt|string|way)")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Text for comparison: its first 400 characters in lower case, without accents, ``t-shirt`` as one word."""
    plain = text[:_READ].lower() if text.isascii() else _without_accents(text)
    return _HYPHENED.sub(r"\1\2", plain)


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text)[:_READ].casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).translate(_LETTERS)


def split_words(folded: str) -> list[str]:
    """The words of at least two letters of a folded text."""
    return re.findall(r"[^\W\d_]{2,}", folded)


@dataclass(frozen=True)
class Language:
    """Words of one language, folded.

    Attributes:
        name: its two letters.
        first: whether the first noun of a phrase names the article, otherwise the last one does.
        forms: the kind of each word and phrase, in every form; ``""`` where it has no meaning of its own.
        begin: words that phrases of several words begin with, or end with if the last noun counts.
        joined: words that may be the last part of a compound.
        stops: words after which only properties of the article follow.
        parts: splits a text where "and" joins articles.
        known: words that tell the language.
    """

    name: str
    first: bool
    forms: Mapping[str, str]
    begin: frozenset[str]
    joined: Mapping[str, str]
    stops: frozenset[str]
    parts: re.Pattern[str]
    known: frozenset[str]

    def category(self, text: str) -> str:
        """What a category or a path of categories names: a kind, ``MIXED``, ``NOTHING``, or nothing at all."""
        levels = [level for level in _LEVELS.split(fold(text)) if level.strip()]
        for i, level in enumerate(reversed(levels)):
            parts = [part for part in self.parts.split(level) if part.strip()]
            found = {self._part(part) for part in parts}
            named = found - {""}
            # "Underwear & Socks > Underwear": of a level above, a part says nothing of this article.
            if named and (i == 0 or found == named) and (len(named) == 1 or i == 0):
                return named.pop() if len(named) == 1 else MIXED
        return ""

    def title(self, text: str) -> str:
        """What the title of a product names; see :meth:`category`."""
        for segment in _SEGMENTS.split(fold(text)):
            # What comes after "with" is no article of its own.
            words = split_words(segment)
            cut = next((i for i, word in enumerate(words) if i and word in self.stops), len(words))
            for part in (words[:cut], words[cut:]):
                named = {self._part(each) for each in self.parts.split(" ".join(part))} - {""}
                if named:
                    return named.pop() if len(named) == 1 else MIXED
        return ""

    def _part(self, text: str) -> str:
        words = split_words(text)
        cut = next((i for i, word in enumerate(words) if i and word in self.stops), len(words))
        return self._noun(words[:cut]) or self._noun(words[cut:])

    def _noun(self, words: Sequence[str]) -> str:
        i = 0 if self.first else len(words)
        while 0 <= i <= len(words):
            length, kind = self._at(words, i)
            if kind:
                return kind
            i += length if self.first else -length
        return ""

    def _at(self, words: Sequence[str], i: int) -> tuple[int, str]:
        """How many words a phrase at ``i`` has (one that ends there, if the last noun counts), and what it names."""
        there = len(words) - i if self.first else i
        if not there:
            return 1, ""
        word = words[i] if self.first else words[i - 1]
        for length in range(min(_LONGEST, there) if word in self.begin else 1, 1, -1):
            kind = self.forms.get(" ".join(words[i : i + length] if self.first else words[i - length : i]))
            if kind is not None:
                return length, kind
        kind = self.forms.get(word)
        return 1, kind if kind is not None else self._compound(word)

    def _compound(self, word: str) -> str:
        for start in range(3, len(word) - 2) if self.joined else ():
            if kind := self.joined.get(word[start:]):
                return kind
        return ""


@cache
def languages() -> Mapping[str, Language]:
    """All languages by name."""
    return {name: _language(name) for name in LANGUAGES}


def known_words(text: str) -> Iterator[tuple[str, ...]]:
    """For each word of a text that tells languages, which ones."""
    for word in split_words(fold(text)):
        if found := _tellers().get(word):
            yield found


@cache
def _tellers() -> Mapping[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for language in languages().values():
        for word in language.known:
            words[word] = (*words.get(word, ()), language.name)
    return words


def _language(name: str) -> Language:
    data: dict[str, Any] = tomllib.loads(
        files("streetshop.feeds").joinpath(f"languages/{name}.toml").read_text(encoding="utf-8")
    )
    endings, forms, joined = ("", *data["endings"]), {}, {}
    short = set(_forms(data.get("joined", ()), endings))
    for group, words in data["kinds"].items():
        for form in _forms(words, endings):
            kind = "" if group == "ignored" else group
            forms[form] = kind
            if form in short or (data.get("compounds") and len(form) >= _COMPOUND and " " not in form):
                joined[form] = kind
    # A plural of one word may be another word ("short" and "shorts"): what is listed as it stands counts.
    for group, words in data["kinds"].items():
        forms.update(dict.fromkeys(_forms(words, ("",)), "" if group == "ignored" else group))
    joined = {form: forms[form] for form in joined}
    ands = "|".join(re.escape(fold(word)) for word in data["and"])
    tells = frozenset(split_words(" ".join(fold(word) for word in data["tells"])))
    return Language(
        name,
        data["head"] == "first",
        forms,
        frozenset(form.split()[0 if data["head"] == "first" else -1] for form in forms if " " in form),
        joined,
        frozenset(fold(word) for word in data.get("after", ())),
        re.compile(rf"[&+,;/()]|\b(?:{ands})\b"),
        tells | {form for form in forms if " " not in form},
    )


def _forms(words: Iterable[str], endings: Sequence[str]) -> Iterator[str]:
    """Every form of the words, folded, with the endings of a plural on the first word, the last one, or both."""
    for word in words:
        for spelling in {word, word.translate(_UMLAUTS)}:
            parts = split_words(fold(spelling))
            for first in endings:
                for last in endings if len(parts) > 1 else ("",):
                    yield " ".join((parts[0] + first, *parts[1:-1], *(part + last for part in parts[1:][-1:])))
