"""The header of a CSV feed: which line it is, which separator it has, and names that occur twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Self

from streetshop.feeds.synonyms import FIELD_KEYS, MORE_PICTURE_KEYS, PICTURE_KEYS, name_key
from streetshop.feeds.values import Values

_FREE_TEXT: Final = frozenset(
    {"description", "shortdescription", "longdescription", "productdescription", "displayname", "productdisplayname"}
)
"""Names of columns of sentences, besides those of titles."""
_COMMENT: Final = re.compile(r'\s*"?#')


@dataclass(frozen=True)
class Header:
    """The names of the columns.

    Attributes:
        names: in order; several may be equal or empty.
        row: number of the row that they stand in.
    """

    names: list[str]
    row: int
    _repeated: dict[str, list[int]] = field(default_factory=dict)
    _plain: bool = False

    @classmethod
    def find(cls, rows: Sequence[tuple[int, list[str]]]) -> Self:
        """The header among the first rows of a file.

        It is the first that is no comment, unless it has fewer than two names that feeds use and a later one has more:
        exports have titles, dates and rows of labels above it.
        """
        numbered = [(number, [cell.strip() for cell in cells]) for number, cells in rows]
        left = [row for row in numbered if not is_comment(row[1])] or numbered[:1]
        best = max(left, key=lambda row: _known(row[1]))
        number, names = best if _known(left[0][1]) < 2 <= _known(best[1]) else left[0]
        places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            places.setdefault(name, []).append(place)
        repeated = {name: found for name, found in places.items() if name and len(found) > 1}
        return cls(names, number, repeated, not repeated and "" not in places)

    def values(self, cells: Sequence[str]) -> Values:
        """The values of a row by column; those of a name that occurs several times as a list, without empty ones."""
        if self._plain:
            return dict(zip(self.names, cells, strict=True))
        values: Values = {name: cell for name, cell in zip(self.names, cells, strict=True) if name}
        for name, places in self._repeated.items():
            filled = [cells[place] for place in places if cells[place].strip()]
            values[name] = filled if len(filled) > 1 else "".join(filled)
        return values


def is_comment(cells: Sequence[str]) -> bool:
    """Whether a row above the header is a comment, as in Meta's template; ``#id`` is the name of a column."""
    return cells[0].startswith("#") and not _known([cell.lstrip("#") for cell in cells if cell[1:2] != " "])


def separator(lines: Sequence[str]) -> str:
    """The separator of a file by its first lines: the one that yields most known names, or the commonest.

    Args:
        lines: without blank ones.
    """
    signs = ",;\t|"
    found = Counter({sign: max((_known(_bare(line, sign)) for line in lines), default=0) for sign in signs})
    best, known = found.most_common(1)[0]
    if known > 1:
        return best
    line = next((line for line in lines if not _COMMENT.match(line)), "")
    return max(signs, key=re.sub(r'"[^"]*"', "", line).count)


def free_text(name: str) -> bool:
    """Whether a column holds sentences, which may have separators in them."""
    key = name_key(name)
    return key in _FREE_TEXT or key in FIELD_KEYS["title"]


def _bare(line: str, sign: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(sign)]


def _known(cells: Sequence[str]) -> int:
    """How many different names that feeds use are among the cells."""
    return len({re.sub(r"\d+$", "", name_key(cell)) for cell in cells if len(cell) < 100} & _names())


@cache
def _names() -> frozenset[str]:
    return frozenset({key for keys in FIELD_KEYS.values() for key in keys} | {*PICTURE_KEYS, *MORE_PICTURE_KEYS})
