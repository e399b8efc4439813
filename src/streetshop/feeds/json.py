"""JSON feeds: one object a line, objects one after the other, or an array of objects, by itself or in an object.

Each line or element is parsed alone: what is wrong with one, such as a thousand lists inside each other, refuses that
row, and the others are read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.json_array import find_array
from streetshop.feeds.nested import flat_row
from streetshop.feeds.text import MAX_LINE, read_lines, read_pieces, unreadable_part
from streetshop.feeds.values import MAX_COLUMNS, MAX_NAME, Values

MAX_DEPTH: Final = 64
"""Objects and lists inside each other, at most: far from the limit of recursive functions."""
MAX_DIGITS: Final = 1000
"""Digits of a whole number, at most."""
_HEAD_PIECES: Final = 16
"""Pieces of a file in which the array of its products begins."""
_UNDECIDED: Final = 100
"""Lines that may be refused before the first object; more mean that the file is of another kind."""


@dataclass(frozen=True)
class JsonLinesRecords:
    """The objects of a file with one JSON object per line; rows are counted by lines."""

    path: Path
    encoding: str
    kind = "JSON lines"
    typed = True

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def count(self) -> None:
        """The rows are only counted by reading them."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        refused: list[tuple[int, RowRefused]] | None = []
        for number, line in enumerate(read_lines(self.path, self.encoding), start=1):
            if not line.strip():
                continue
            row = _row(line if len(line) <= MAX_LINE else None, self.encoding)
            if refused is None:
                yield number, row
            elif isinstance(row, RowRefused):
                refused.append((number, row))
                if len(refused) == _UNDECIDED:
                    break
            else:
                yield from refused
                refused = None
                yield number, row
        if refused:
            number, row = refused[0]
            raise FeedError(f"line {number} is not a JSON object: {row.what}", where=str(self.path), hint=row.hint)


@dataclass(frozen=True)
class JsonArrayRecords:
    """The objects of one JSON array, counted from 1. One element at a time is held in memory.

    Attributes:
        path: the file.
        encoding: of its text.
        start: characters before the array, which is then a value of an object.
    """

    path: Path
    encoding: str
    start: int = 0
    kind = "JSON array"
    typed = True

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def count(self) -> None:
        """The rows are only counted by reading them."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        number = 0
        pieces = _from(read_pieces(self.path, self.encoding), self.start)
        try:
            for number, text in enumerate(_elements(pieces, alone=not self.start), start=1):
                yield number, _row(text, self.encoding)
        except _NotJson as error:
            raise FeedError(
                f"the JSON array is broken after {number} elements ({error})",
                where=str(self.path),
                hint="Export it again",
            ) from None


@dataclass(frozen=True)
class JsonObjectRecords:
    """Objects that follow one another, each over any number of lines, counted from 1."""

    path: Path
    encoding: str
    kind = "JSON objects"
    typed = True

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def count(self) -> None:
        """The rows are only counted by reading them."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        number = 0
        try:
            for number, text in enumerate(_objects(read_pieces(self.path, self.encoding)), start=1):
                yield number, _row(text, self.encoding)
        except _NotJson as error:
            what = f"the JSON is broken after {number} objects ({error})"
            raise FeedError(what, where=str(self.path), hint="Export it again") from None


def open_json(path: Path, encoding: str) -> JsonLinesRecords | JsonArrayRecords | JsonObjectRecords:
    """The reader of a JSON file by its beginning."""
    lines = (line.strip() for line in read_lines(path, encoding))
    filled = (line for line in lines if line)
    first, second = next(filled, ""), next(filled, "")
    if first[:1] == "[":
        return JsonArrayRecords(path, encoding)
    complete = isinstance(parse_row(first), dict) if len(first) <= MAX_LINE else False
    if first[:1] != "{" or (complete and second):
        return JsonLinesRecords(path, encoding)
    head = "".join(piece for piece, _ in zip(read_pieces(path, encoding), range(_HEAD_PIECES), strict=False))
    start = find_array(head, sure=not complete)
    if start:
        return JsonArrayRecords(path, encoding, start)
    return JsonLinesRecords(path, encoding) if start is None or complete else JsonObjectRecords(path, encoding)


class _NotJson(Exception):
    """The text is not a JSON array."""


# Up to the next bracket (in the array itself: or comma) outside of strings, or to the quote of a string that goes on in
# the next piece. Possessive, so that no text is looked at twice.
_QUOTED: Final = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
_STRING: Final = f'"{_QUOTED}"'
_NEXT_BRACKET: Final = re.compile(rf'(?:[^"\[\]{{}}]++|{_STRING})*+(["\[\]{{}}])', re.DOTALL)
_NEXT_ELEMENT: Final = re.compile(rf'(?:[^"\[\]{{}},]++|{_STRING})*+(["\[\]{{}},])', re.DOTALL)
_STRING_END: Final = re.compile(rf'{_QUOTED}(["\\])', re.DOTALL)


def _from(pieces: Iterator[str], start: int) -> Iterator[str]:
    """The text from a position on."""
    for piece in pieces:
        if start < len(piece):
            yield piece[start:]
        start = max(start - len(piece), 0)


def _elements(pieces: Iterator[str], *, alone: bool) -> Iterator[str | None]:
    """The text of each element of an array, found by brackets and quotes alone; None for one that is too long.

    Args:
        pieces: the text.
        alone: whether nothing may follow the array.

    Raises:
        _NotJson: there is no array, it does not end, or something follows.
    """
    depth, quoted, skip, first = 0, False, 0, True
    text = BoundedText()
    for piece in pieces:
        start, at = 0, skip
        while match := (_STRING_END if quoted else _NEXT_ELEMENT if depth == 1 else _NEXT_BRACKET).match(piece, at):
            at, sign = match.end(), match[1]
            if sign == "\\":
                at += 1  # what it escapes ends nothing
            elif sign == '"':
                quoted = not quoted
            elif depth == 1 and sign in ",]}":
                text.add(piece[start : at - 1])
                found, start = text.taken(), at
                if sign == "," or not first or found is None or found.strip():
                    yield found
                first = False
                if sign != ",":
                    if alone and (piece[at:].strip() or any(rest.strip() for rest in pieces)):
                        raise _NotJson("there is text after its end")
                    return
            elif sign in "[{":
                depth += 1
                start = at if depth == 1 else start
            elif sign in "]}":
                depth -= 1
        text.add(piece[start:])
        skip = max(at - len(piece), 0)
    raise _NotJson("the file ends before it")


def _objects(pieces: Iterator[str]) -> Iterator[str | None]:
    """The text of each object of several that follow one another; None for one that is too long. Raises _NotJson."""
    depth, quoted, skip = 0, False, 0
    text = BoundedText()
    for piece in pieces:
        start, at = 0, skip
        while match := (_STRING_END if quoted else _NEXT_BRACKET).match(piece, at):
            at, sign = match.end(), match[1]
            if sign == "\\":
                at += 1
            elif sign == '"':
                quoted = not quoted
            elif sign in "[{":
                start = at - 1 if depth == 0 else start
                depth += 1
            else:
                depth -= 1
                if depth < 0:
                    raise _NotJson("a bracket closes nothing")
                if depth == 0:
                    text.add(piece[start:at])
                    yield text.taken()
        if depth or quoted:
            text.add(piece[start:])
        skip = max(at - len(piece), 0)
    if depth or quoted:
        raise _NotJson("the file ends before the last of them")


class BoundedText:
    """Text put together from pieces, as long as it is not too long."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def add(self, piece: str) -> None:
        """Add a piece at the end."""
        self._length += len(piece)
        if self._length <= MAX_LINE:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def taken(self) -> str | None:
        """The text, None if it was too long; then begin again."""
        text = "".join(self._pieces) if self._length <= MAX_LINE else None
        self._pieces, self._length = [], 0
        return text


def _row(text: str | None, encoding: str) -> Values | RowRefused:
    """The row of an object's text; None for one that is too long."""
    if text is None:
        return _too_long()
    return unreadable_part(text, encoding) or parse_row(text)


def parse_row(text: str) -> Values | RowRefused:
    """One JSON object as a row; what cannot be used of it is the reason why it is refused."""
    try:
        value = _DECODER.decode(text.strip())
    except RecursionError:
        return _too_deep()
    except ValueError as error:
        return RowRefused(f"no JSON ({error})", hint="Write one JSON object a line, or an array of objects")
    if not isinstance(value, dict):
        return RowRefused(f"a {type(value).__name__} instead of an object", hint='Write {"id": ..., "image": ...}')
    if len(value) > MAX_COLUMNS:
        return RowRefused(f"{len(value)} columns", hint=f"At most {MAX_COLUMNS} are read")
    if any(len(name) > MAX_NAME for name in value):
        return RowRefused(f"a column's name has more than {MAX_NAME} characters", hint="Shorten it")
    return flat_row(value) if _is_shallow(value) else _too_deep()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise ValueError(f"the name {twice[:60]!r} occurs twice")
    return value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:60]} is out of range")
    return number


def _constant(text: str) -> None:
    # Python's own export writes NaN where there is no value.
    if text != "NaN":
        raise ValueError(f"{text} is no number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_constant
)


def _is_shallow(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inside = (child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent))
        level = [child for child in inside if isinstance(child, dict | list)]
        if not level:
            return True
    return False


def _too_deep() -> RowRefused:
    return RowRefused(f"more than {MAX_DEPTH} values inside each other", hint="Write fewer")


def _too_long() -> RowRefused:
    return RowRefused(f"more than {MAX_LINE} characters", hint="Write one product a row")
