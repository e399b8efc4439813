"""Split the text of a filter into tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streetshop.core.errors import FilterError

MAX_LENGTH: Final = 2000
"""Characters of a filter, at most."""

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "between", "has", "true", "false"})

_TOKEN: Final = re.compile(
    r"""\ *(?:
      (?P<op>!=|<=|>=|=|<|>|~|\(|\)|,)
    | (?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<name>`(?:[^`]|``)+`)
    | (?P<word>[^\ ()<>=!~,"'`]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is written.

    Attributes:
        kind: ``op`` (operator), ``string`` (quoted), ``name`` (in backticks), ``word`` or ``end`` (of the filter).
        text: with its quotes.
        position: in characters from 0.
    """

    kind: str
    text: str
    position: int

    def is_(self, text: str) -> bool:
        """Whether this is the operator or the keyword (keywords in any case)."""
        return (self.kind == "op" and self.text == text) or (self.kind == "word" and self.text.lower() == text)


def printable(text: str) -> str:
    """Replace control characters by spaces, so that a caret below the text stands in its column."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)


def tokenize(text: str) -> Iterator[Token]:
    """The tokens of a printable text, the last one of kind ``end``.

    Raises:
        FilterError: the text is longer than ``MAX_LENGTH``, has an open quote, a lone surrogate or a stray character.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"a filter has at most {MAX_LENGTH} characters, this one has {len(text)}", text=text[:60], position=0
        )
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _stray(text, position)
        kind = match.lastgroup
        start, found = match.start(kind), match.group(kind)
        if any(0xD800 <= ord(c) <= 0xDFFF for c in found):
            raise FilterError("half a character (a lone surrogate)", text=text, position=start)
        yield Token(kind, found, start)
        position = match.end()
    yield Token("end", "", end)


def _stray(text: str, position: int) -> FilterError:
    start = position + len(text[position:]) - len(text[position:].lstrip())
    char = text[start]
    if char in "\"'`":
        hint = f"Add a closing {char}, or double it inside one"
        return FilterError(f"this {char} is never closed", text=text, position=start, hint=hint)
    return FilterError(f"{char!r} cannot stand here", text=text, position=start)
