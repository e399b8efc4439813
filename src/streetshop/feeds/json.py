"""The rows of JSON feeds: one object a line, or one array of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.text import MAX_LINE, read_lines, read_pieces
from streetshop.feeds.values import Values


@dataclass(frozen=True)
class JsonLinesRecords:
    """One JSON object a line; rows are counted by lines."""

    path: Path
    encoding: str
    kind = "JSON lines"
    typed = True

    def header(self) -> None:
        return None

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
                # With not even one good line in front this is some other kind of file.
                raise FeedError(f"line {number} is not a JSON object: {row.what}", where=str(self.path), hint=row.hint)
            seen = True
            yield number, row


@dataclass(frozen=True)
class JsonArrayRecords:
    """One JSON array of objects; rows are counted from 1. An element at a time is held in memory."""

    path: Path
    encoding: str
    kind = "JSON array"
    typed = True

    def header(self) -> None:
        return None

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        number = 0
        window = _Window(read_pieces(self.path, self.encoding))
        try:
            window.take("[")
            mark = window.take("]") if window.peek() == "]" else ","
            while mark == ",":
                element = window.value()
                number += 1
                yield number, _object(element)
                mark = window.take(",]")
            if window.peek():
                raise ValueError("more text follows its end")
        except (ValueError, RecursionError) as error:
            raise FeedError(
                f"the JSON array is broken after {number} elements ({error})",
                where=str(self.path),
                hint="Export it again",
            ) from None


class _Window:
    """The part of a JSON text that is being looked at. Its methods raise ValueError where the text is no JSON."""

    _decoder = json.JSONDecoder()

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is not blank, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._grow(1)

    def take(self, characters: str) -> str:
        """The next character, which must be one of ``characters``."""
        found = self.peek()
        if not found or found not in characters:
            raise ValueError(f"{' or '.join(characters)} expected, {found or 'the end'} found")
        self._at += 1
        return found

    def value(self) -> object:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end < len(self._text) or self._ended:  # else a number might go on
                    self._at = end
                    return value
            except ValueError:
                if self._ended or len(self._text) - self._at > MAX_LINE:
                    raise
            # Doubling keeps the repeated attempts at a large element linear in its size.
            self._grow(len(self._text) - self._at + 1)

    def _grow(self, characters: int) -> None:
        held = [self._text[self._at :]]
        self._at = 0
        while characters > 0 and not self._ended:
            piece = next(self._pieces, "")
            self._ended = not piece
            held.append(piece)
            characters -= len(piece)
        self._text = "".join(held)


def _object(value: object) -> Values | RowRefused:
    if isinstance(value, dict):
        return value
    return RowRefused(f"a {type(value).__name__} instead of an object", hint='Write {"id": ..., "image": ...}')
