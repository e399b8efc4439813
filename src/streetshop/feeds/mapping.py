"""A shop's own kinds: a file that gives categories a kind."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from streetshop.core.errors import FeedError
from streetshop.core.kinds import KINDS
from streetshop.feeds.kinds import mapping_key

_MAX_BYTES: Final = 4_000_000
_HINT: Final = 'Write TOML lines such as "Oberteile > Shirts" = "top", or a CSV of category,kind'


def read_mapping(path: str | Path) -> dict[str, str]:
    """Read a file of kinds: TOML with lines ``"category" = "kind"``, or a CSV with the columns category and kind.

    Returns:
        The kind of each category, as :func:`streetshop.feeds.kinds.mapping_key` writes it.

    Raises:
        FeedError: it cannot be read, is empty, names an unknown kind, or has a category twice.
    """
    path = Path(path)
    text = _text(path)
    pairs = _toml(text, path) if path.suffix.lower() == ".toml" else _csv(text, path)
    mapping: dict[str, str] = {}
    for where, category, kind in pairs:
        key, name = mapping_key(category), kind.strip().lower()
        if not key:
            raise FeedError("the category is empty", where=f"{path}, {where}", hint=_HINT)
        if name not in KINDS:
            what = f"{kind[:60]!r} is no kind"
            raise FeedError(what, where=f"{path}, {where}", hint=f"Kinds are {', '.join(KINDS)}")
        if key in mapping:
            raise FeedError(
                f"category {category[:60]!r} occurs twice", where=f"{path}, {where}", hint="Remove one line"
            )
        mapping[key] = name
    if not mapping:
        raise FeedError("the file of kinds is empty", where=str(path), hint=_HINT)
    return mapping


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FeedError("the file of kinds has more than 4 MB", where=str(path), hint="It has a line per category")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FeedError("there is no such file of kinds", where=str(path), hint="Check the path") from None
    except (OSError, ValueError) as error:
        what = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise FeedError(f"the file of kinds cannot be read: {what}", where=str(path), hint="Check the file") from None


def _toml(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        data: Mapping[str, object] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FeedError(f"the file of kinds is no TOML: {error}", where=str(path), hint=_HINT) from None
    for category, kind in data.items():
        if not isinstance(kind, str):
            raise FeedError(f"the kind of {category[:60]!r} is no text", where=str(path), hint=_HINT)
        yield repr(category[:60]), category, kind


def _csv(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows: Iterable[list[str]] = csv.reader(text.splitlines(), delimiter=separator)
    try:
        for number, row in enumerate(rows, start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or (number == 1 and [cell.lower() for cell in cells] == ["category", "kind"]):
                continue
            if len(cells) != 2:
                raise FeedError(f"{len(cells)} columns", where=f"{path}, line {number}", hint=_HINT)
            yield f"line {number}", cells[0], cells[1]
    except csv.Error as error:
        raise FeedError(f"the file of kinds is no CSV: {error}", where=str(path), hint=_HINT) from None
