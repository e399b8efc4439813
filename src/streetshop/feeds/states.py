"""Products that a feed has and that are not for sale: drafts, archived and hidden ones (``states.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from streetshop.feeds.values import Values, as_text
from streetshop.feeds.words import fold

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("streetshop.feeds").joinpath("states.toml").read_text(encoding="utf-8")
)
_STATES: Final[Mapping[str, str]] = {
    value: state for state in ("hidden", "archived", "draft") for value in _DATA["values"][state]
}
_YES: Final = frozenset(_DATA["values"]["yes"])
_NO: Final = frozenset(_DATA["values"]["no"])
COLUMNS: Final[Mapping[str, str]] = {
    name: use for use in ("hidden", "shown", "state") for name in _DATA["columns"][use]
}
"""Plain names of the columns that tell, with ``state``, ``shown`` or ``hidden``."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of a product that is not for sale.

    Attributes:
        row: number of the row in its feed (see ``read.FeedRow``).
        id: of the product; empty if it cannot be read.
        reason: ``draft``, ``archived``, ``hidden``, ``disabled`` or ``another store view``.
    """

    row: int
    id: str
    reason: str


def state_of(row: Values, columns: Iterable[tuple[str, str]]) -> str:
    """``draft``, ``archived`` or ``hidden``; empty if the product is for sale.

    Args:
        row: of the product.
        columns: those that tell, each with its use, see :data:`COLUMNS`.
    """
    found = {_state(as_text(row.get(column)), use) for column, use in columns}
    return next((state for state in ("archived", "draft", "hidden") if state in found), "")


@lru_cache(maxsize=4096)
def _state(text: str, use: str) -> str:
    value = re.sub(r"[\s_,]|(?<!^)-", "", fold(text))
    if use == "state":
        return "hidden" if value in ("0", "false") else _STATES.get(value, "")
    if use == "shown":
        return "draft" if value == "-1" else "hidden" if value in _NO else _STATES.get(value, "")
    return "hidden" if value in _YES else ""
