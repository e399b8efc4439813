"""JSON feeds: one object a line, or one array of objects."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import ijson

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.text import MAX_LINE, read_lines, read_pieces
from streetshop.feeds.values import Values

MAX_DEPTH: Final = 200
"""Objects and lists inside each other, at most."""

_LONG_NUMBER: Final = re.compile(r"[0-9]{4000}")
"""More digits than Python converts to an integer (4300) make ijson's yajl2_c end the process."""
_DEEPER: Final = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


@dataclass(frozen=True)
class JsonLinesRecords:
    """The objects of a file with one JSON object per line; rows are counted by lines."""

    path: Path
    encoding: str
    kind = "JSON lines"
    typed = True

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        seen = False
        for number, line in enumerate(read_lines(self.path, self.encoding), start=1):
            if not line.strip():
                continue
            try:
                row = _object(json.loads(line))
            except (ValueError, RecursionError) as error:
                row = RowRefused(f"no JSON ({error})", hint="Write one JSON object a line")
            if isinstance(row, RowRefused) and not seen:
                # Without a good line before it, the file is of another kind.
                raise FeedError(f"line {number} is not a JSON object: {row.what}", where=str(self.path), hint=row.hint)
            seen = True
            yield number, row


@dataclass(frozen=True)
class JsonArrayRecords:
    """The objects of one JSON array, counted from 1. One element at a time is held in memory."""

    path: Path
    encoding: str
    kind = "JSON array"
    typed = True

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        number = 0
        try:
            for number, element in enumerate(_elements(read_pieces(self.path, self.encoding)), start=1):
                yield number, _object(element)
        except _NotJson as error:
            raise FeedError(
                f"the JSON array is broken after {number} elements ({error})",
                where=str(self.path),
                hint="Export it again; NaN and Infinity are not JSON",
            ) from None


class _NotJson(Exception):
    """The text is not a JSON array, or an element of it is too large."""


def _elements(pieces: Iterator[str]) -> Iterator[object]:
    """The elements of a JSON array, each as soon as it is complete. Raises _NotJson."""
    # Not ijson.items: it keeps the path of every open value, which is quadratic in the depth of the nesting.
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    builder = ijson.ObjectBuilder()
    depth = held = 0
    before = ""
    for piece in itertools.chain(pieces, [""]):
        if _LONG_NUMBER.search(before + piece):
            raise _NotJson("a number of more than 4000 digits")
        before = piece
        failure = _parse(parser, piece)
        held += len(piece)
        for event, value in events:
            depth += _DEEPER.get(event, 0)
            if depth > MAX_DEPTH:
                raise _NotJson(f"more than {MAX_DEPTH} values inside each other")
            if depth == 0 or (depth == 1 and event == "start_array"):
                continue  # the array itself
            builder.event(event, float(value) if isinstance(value, Decimal) else value)
            if depth == 1:
                yield builder.value
                builder, held = ijson.ObjectBuilder(), 0
        events.clear()
        if failure:
            raise _NotJson(failure)
        if held > MAX_LINE:
            raise _NotJson(f"an element of more than {MAX_LINE} characters")


def _parse(parser: Any, piece: str) -> str:
    """Parse a piece of text, or the end of it if it is empty; returns what is wrong with it."""
    try:
        if piece:
            parser.send(piece.encode(errors="replace"))
        else:
            parser.close()
    except ArithmeticError:
        return "a number out of range"
    except (ijson.JSONError, ValueError) as error:
        what, excerpt, *_ = (*(line.strip() for line in str(error).splitlines()), "", "")
        return f"{what}, near {excerpt!r}" if excerpt else what
    return ""


def _object(value: object) -> Values | RowRefused:
    """A value as a row, unless it is no object or too deep for recursive functions."""
    if not isinstance(value, dict):
        return RowRefused(f"a {type(value).__name__} instead of an object", hint='Write {"id": ..., "image": ...}')
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inside = (child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent))
        level = [child for child in inside if isinstance(child, dict | list)]
        if not level:
            return value
    return RowRefused(f"more than {MAX_DEPTH} values inside each other", hint="Write fewer")
