"""Kinds of the categories of Google's product taxonomy, by their numbers: ``google.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from streetshop.feeds.values import as_text

_NUMBER = re.compile(r"\s*(\d{1,6})\s*(?:-.*)?", re.DOTALL)


def kind_of_number(text: str) -> str:
    """The kind of ``"2271"`` or ``"2271 - Apparel & Accessories > ..."``; ``""`` if it is no number that names one."""
    match = _NUMBER.fullmatch(text)
    return _numbers().get(int(match[1]), "") if match else ""


class NumberSurvey:
    """Finds columns of categories that hold numbers of the taxonomy alone.

    A shop's own numbers are told from them: one number that the taxonomy gives no kind is enough.

    Args:
        columns: of categories.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._possible = dict.fromkeys(columns, 0)

    def add(self, row: Mapping[str, object]) -> None:
        """Take a row into account."""
        for column in list(self._possible):
            text = as_text(row.get(column))
            if not text:
                continue
            if text.isdigit() and kind_of_number(text):
                self._possible[column] += 1
            else:
                del self._possible[column]

    def columns(self) -> frozenset[str]:
        """Those columns."""
        return frozenset(column for column, count in self._possible.items() if count)


@cache
def _numbers() -> Mapping[int, str]:
    data = tomllib.loads(files("streetshop.feeds").joinpath("google.toml").read_text(encoding="utf-8"))
    return {number: kind for kind, numbers in data.items() for number in numbers}
