"""Categories as shops write them: paths, several of them in a cell, shelves of all kinds (``categories.toml``)."""

from __future__ import annotations

import html
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

from streetshop.feeds.values import as_text
from streetshop.feeds.words import fold

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("streetshop.feeds").joinpath("categories.toml").read_text(encoding="utf-8")
)
_ROOTS: Final = frozenset(_DATA["roots"])
_SHELVES: Final = frozenset(_DATA["shelves"])
_BRANDS: Final = frozenset(_DATA["brands"])
LISTS: Final = frozenset(_DATA["lists"])
"""Plain names of columns whose cells list several categories with commas."""

_LEVEL: Final = re.compile(r"\s*(?:[»›→]|[-=]?>|::|\\(?![,;|]))\s*")
_READ: Final = 4000
_MOST: Final = 50
Path: TypeAlias = tuple[str, ...]
"""The levels of a category, the widest first."""


def category_paths(value: object, *, is_list: bool = False, slashes: bool = False, brand: str = "") -> list[Path]:
    """The categories in a cell that name an article, in order.

    Left out are what every path begins with (``Home``), shelves (``Sale``, ``New in``), brands, bare numbers, and a
    path that another one continues. A path that ends with a shelf comes after all others.

    Args:
        value: text, or a list of texts. Paths in a text are separated by line breaks, ``;``, and by ``,`` or ``|`` if
            each piece is a path.
        is_list: a comma separates in any case, unless a backslash stands before it.
        slashes: a slash separates levels in any case; otherwise where blanks are around it, or where there are several.
        brand: of the product: a level of this name is left out.
    """
    texts = _texts(value, is_list=is_list)
    return list(_paths(tuple(texts), slashes, fold(brand)))


@lru_cache(maxsize=65536)
def _paths(texts: Sequence[str], slashes: bool, brand: str) -> tuple[Path, ...]:
    found: dict[Path, bool] = {}
    for text in texts:
        levels, ends = _cleaned(_levels(text, slashes=slashes), brand)
        if levels:
            found[levels] = found.get(levels, True) and ends
    whole = [path for path in found if not any(path != other and other[: len(path)] == path for other in found)]
    return tuple(sorted(whole, key=lambda path: found[path]))


def category_name(paths: Sequence[Path]) -> str:
    """The narrowest level of the first path; empty without one."""
    return paths[0][-1] if paths else ""


@lru_cache(maxsize=16384)
def _split(text: str, is_list: bool) -> tuple[str, ...]:
    text = html.unescape(text)[:_READ]
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return tuple(as_text(each) for each in listed[:_MOST])
    pieces: Iterable[str] = re.split(r"[\n\r;]+", text)
    pieces = [part for piece in pieces for part in _parted(piece, "|", always=False)]
    pieces = [part.replace("\\,", ",") for piece in pieces for part in _parted(piece, ",", always=is_list)]
    return tuple(piece.strip() for piece in pieces if piece.strip())[:_MOST]


def _parted(text: str, sign: str, *, always: bool) -> list[str]:
    parts = re.split(rf"(?<!\\){re.escape(sign)}", text)
    if len(parts) > 1 and (always or all(_LEVEL.search(part) or "/" in part.strip("/ ") for part in parts)):
        return parts
    return [text]


def _texts(value: object, *, is_list: bool) -> Iterable[str]:
    if isinstance(value, (list, tuple)):
        return [text for item in value[:_MOST] for text in _split(as_text(item), False)]
    return _split(as_text(value), is_list)


def _levels(text: str, *, slashes: bool) -> list[str]:
    if _LEVEL.search(text):
        levels = _LEVEL.split(text)
    elif "|" in text:
        levels = text.split("|")
    elif re.search(r"\s/\s", text):
        levels = re.split(r"\s/\s", text)
    elif text.count("/") > 1 or slashes:
        levels = text.split("/")
    else:
        levels = [text]
    return [" ".join(level.split()) for level in levels if level.strip()]


def _cleaned(levels: Sequence[str], brand: str) -> tuple[Path, bool]:
    """The levels that name something, and whether the path ended with a shelf."""
    kept: list[str] = []
    shelved = False
    for level in levels:
        name = " ".join(re.findall(r"\w+", fold(level)))
        if name in _BRANDS:
            return (), True
        shelved = name in _SHELVES or bool(re.fullmatch(r"(?:ss|aw|fw|fs|hw)\s?\d{2,4}", name))
        if name and not shelved and name not in _ROOTS and not name.isdigit() and (not brand or fold(level) != brand):
            kept.append(level)
    return tuple(kept), shelved
