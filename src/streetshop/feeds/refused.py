"""The refused rows and pictures of a feed: one line in a CSV file for each, and how often each reason occurs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.core.tables import CsvFile

NO_PICTURE: Final = "none of its pictures can be used"
"""Why a row is refused whose pictures were all refused, each with a reason of its own."""

MAX_CELL: Final = 1000
"""Characters of a cell in the file, at most."""

_VALUE: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\d.,]*|\(.*\)")
_KINDS: Final = 1000
_OTHER: Final = "further reasons"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one picture of a row, that cannot be used.

    Attributes:
        row: number of the row in its feed (see ``read.FeedRow``).
        id: of the product, empty if it cannot be read.
        image: the refused picture; empty if the whole row is refused.
        reason: what is wrong and what to do, in one line.
    """

    row: int
    id: str
    image: str
    reason: str


@dataclass(slots=True)
class Cause:
    """A reason for which rows or pictures are refused.

    Attributes:
        reason: of the first, as it stands in the file, without the place.
        first: the first refusal.
        count: of the refusals.
    """

    reason: str
    first: Refusal
    count: int = 0


class Causes:
    """Counts refusals by their reasons, which are compared without the values that they quote.

    Rows without a usable picture do not count: the reasons of their pictures do.
    """

    def __init__(self) -> None:
        self._causes: dict[str, Cause] = {}

    def add(self, refusal: Refusal) -> None:
        """Count a refusal."""
        if refusal.reason.startswith(NO_PICTURE):
            return
        reason = _without_place(refusal)
        key = without_values(reason)
        if key not in self._causes and len(self._causes) >= _KINDS:
            key = reason = _OTHER
        self._causes.setdefault(key, Cause(reason, refusal)).count += 1

    def commonest(self, most: int | None = None) -> list[Cause]:
        """The causes, commonest first."""
        return sorted(self._causes.values(), key=lambda cause: -cause.count)[:most]


def without_values(reason: str) -> str:
    """What is wrong, without the values that it quotes, its numbers and the hint."""
    return _VALUE.sub("*", reason.partition(". ")[0])


def _without_place(refusal: Refusal) -> str:
    """The reason without the picture that it begins with."""
    place = refusal.image[:190]
    if place and refusal.reason.startswith(place):
        return refusal.reason[len(place) :].partition(": ")[2] or refusal.reason
    return refusal.reason


class RefusedFile(CsvFile):
    """A CSV file with the columns row, id, image, reason. Longer cells than ``MAX_CELL`` are cut."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("row", "id", "image", "reason"))

    def refuse(self, refusal: Refusal) -> None:
        """Write a refusal."""
        self.add((refusal.row, refusal.id, refusal.image, refusal.reason))

    def add(self, row: Sequence[str | int]) -> None:
        """Write a row."""
        super().add([capped(cell) if isinstance(cell, str) else cell for cell in row])


def capped(text: str, most: int = MAX_CELL) -> str:
    """The text, or its beginning and its length if it is longer than ``most`` characters."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"
