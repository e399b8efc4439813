"""Words beside a photo, or alone."""

from __future__ import annotations

from typing import Final

from streetshop.catalog.store import Words
from streetshop.core.errors import RequestInvalid

MAX_TEXT: Final = 500
"""Characters of a text."""
MAX_WORDS: Final = 24
"""Words of a text."""
_FIRST: Final = 10.0
"""Added to the rank of products with all words: more than scores and kinds can differ by."""
_SOME: Final = 0.1
"""Added to the rank of products with some of the words."""


def parse_text(text: str | None) -> tuple[str, ...]:
    """The words of a text, each once; none when it is missing or blank.

    Raises:
        RequestInvalid: it is no text, too long, or holds neither letters nor digits, or half a character.
    """
    if text is None:
        return ()
    if not isinstance(text, str):
        raise RequestInvalid(f"text is {text!r:.80}", where="text", hint='Give words, as in "linen shirt"')
    if len(text) > MAX_TEXT:
        raise RequestInvalid(f"the text has {len(text)} characters", where="text", hint=f"Give at most {MAX_TEXT}")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise RequestInvalid("the text has half a character (a lone surrogate)", where="text", hint="Send it as UTF-8")
    words = tuple(dict.fromkeys(part for part in text.split() if any(c.isalnum() for c in part)))
    if text.strip() and not words:
        raise RequestInvalid(f"the text {text[:40]!r} holds no word", where="text", hint="Give letters or digits")
    if len(words) > MAX_WORDS:
        raise RequestInvalid(f"the text has {len(words)} words", where="text", hint=f"Give at most {MAX_WORDS}")
    return words


def by_words(words: tuple[str, ...]) -> list[list[tuple[Words | None, float]]]:
    """Which products are searched, one step after the other, and what is added to their ranks.

    Returns:
        First those with all words. Then, if these are too few, all: those with some of the words rank a little higher.
    """
    everything: list[tuple[Words | None, float]] = [(None, 0.0)]
    if not words:
        return [everything]
    some: list[tuple[Words | None, float]] = [(Words(words, 1), _SOME)] if len(words) > 1 else []
    return [[(Words(words, len(words)), _FIRST)], [*some, *everything]]
