"""Kinds of the categories of Google's product taxonomy, by their numbers: ``google.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_NUMBER = re.compile(r"\s*(\d{1,6})\s*(?:-.*)?", re.DOTALL)


def kind_of_number(text: str) -> str:
    """The kind of ``"2271"`` or ``"2271 - Apparel & Accessories > ..."``; ``""`` if it is no number that names one."""
    match = _NUMBER.fullmatch(text)
    return _numbers().get(int(match[1]), "") if match else ""


@cache
def _numbers() -> Mapping[int, str]:
    data = tomllib.loads(files("streetshop.feeds").joinpath("google.toml").read_text(encoding="utf-8"))
    return {number: kind for kind, numbers in data.items() for number in numbers}
