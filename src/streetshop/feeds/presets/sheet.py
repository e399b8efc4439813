"""The rows of an export, with columns by the keys of their names, and rows of variants made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from streetshop.core.errors import RowRefused
from streetshop.feeds.sources import sources
from streetshop.feeds.states import LeftOut
from streetshop.feeds.synonyms import FIELD_KEYS, MORE_PICTURE_KEYS, PICTURE_KEYS, name_key, plain_name
from streetshop.feeds.values import Values, as_text

DESIGN: Final = "item_group_id"
"""The column of the design of a variant."""
MAX_GROUP: Final = 5000
"""Rows of one product, at most."""
_MAX_OPTIONS: Final = 200
_OTHER_OPTIONS: Final = "options"
_FIELD_KEYS: Final = frozenset(
    {key for keys in FIELD_KEYS.values() for key in keys} | {*PICTURE_KEYS, *MORE_PICTURE_KEYS}
)

Found: TypeAlias = tuple[int, Values | RowRefused | LeftOut]
"""A row's number, with its values, or why there are none."""


class Rows(Protocol):
    """Rows of a file, which can be read again and again."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]: ...


@dataclass(slots=True)
class Variant:
    """A row of a product: one of its sizes and colours, or the only one.

    Attributes:
        number: of the row.
        values: all of the product's, with those of the variant.
        options: what tells it from the other variants, such as ``{"Size": "M"}``.
        pictures: its own, without those of the whole product.
        code: of the variant alone, where its options do not tell it from another one.
    """

    number: int
    values: Values
    options: dict[str, str] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    code: str = ""


class Sheet:
    """Rows whose columns are found by the key of their name, see ``synonyms.name_key``.

    Args:
        rows: of the file.
        header: its columns.
    """

    def __init__(self, rows: Rows, header: Iterable[str]) -> None:
        self._rows = rows
        self._columns: dict[str, str] = {}
        for column in header:
            self._columns.setdefault(name_key(column), column)
        self._options: dict[str, str] = {}

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        return iter(self._rows)

    def column(self, *keys: str) -> str:
        """The first of the columns that is there; ``""`` if none is."""
        return next((self._columns[key] for key in keys if key in self._columns), "")

    def columns(self, *keys: str) -> list[str]:
        """Those of the columns that are there."""
        return [self._columns[key] for key in keys if key in self._columns]

    def matching(self, keys: re.Pattern[str]) -> list[str]:
        """The columns whose keys are of a pattern."""
        return [column for key, column in self._columns.items() if keys.fullmatch(key)]

    def text(self, row: Values, *keys: str) -> str:
        """The text of the first of the columns that is not empty."""
        return next((text for column in self.columns(*keys) if (text := as_text(row.get(column)))), "")

    def pictures(self, row: Values, columns: Iterable[str]) -> list[str]:
        """What the cells of some columns name; nothing for cells that are not understood."""
        found: list[str] = []
        for column in columns:
            try:
                found.extend(sources(row.get(column)))
            except RowRefused:
                continue
        return found

    def groups(self, *keys: str) -> Iterator[list[tuple[int, Values]] | tuple[int, RowRefused]]:
        """Rows that follow one another with the same id, or without one; and rows that cannot be read."""
        column, held, name = self.column(*keys), list[tuple[int, Values]](), ""
        for number, row in self._rows:
            if isinstance(row, RowRefused):
                yield number, row
                continue
            text = as_text(row.get(column))
            if held and (text not in ("", name) or len(held) == MAX_GROUP):
                yield held
                held = []
            name = text or name
            held.append((number, row))
        if held:
            yield held

    def option_column(self, name: str) -> str:
        """The column of an option: of its own name unless that is a field's."""
        plain = plain_name(name)[:100]
        if plain in self._options:
            return self._options[plain]
        if not plain or len(self._options) >= _MAX_OPTIONS:
            return _OTHER_OPTIONS
        key = name_key(plain)
        column = f"option_{plain}" if key in _FIELD_KEYS else self._columns.get(key, plain)
        return self._options.setdefault(plain, column)

    def with_options(self, values: Values, options: Mapping[str, str]) -> Values:
        """The values with a column for each option; what has none of its own stands in ``options``."""
        others = []
        for name, value in options.items():
            column = self.option_column(name)
            if column == _OTHER_OPTIONS:
                others.append(f"{name}: {value}")
            else:
                values[column] = value
        if others:
            values[_OTHER_OPTIONS] = ", ".join(others)
        return values

    def variants(
        self, design: str, variants: Sequence[Variant], gallery: Sequence[str], id_column: str, picture_column: str
    ) -> Iterator[Found]:
        """Rows of the variants of a product.

        A product without options keeps its id; those of variants are ``design/option/option``. Each has its own
        pictures, then those of the whole product, without the ones that are another variant's.

        Args:
            design: id of the product.
            variants: at least one.
            gallery: pictures of the whole product.
            id_column: where the id is written.
            picture_column: the same for the pictures.
        """
        owned = {picture for variant in variants for picture in variant.pictures}
        seen: set[str] = set()
        for variant in variants:
            values = self.with_options({**variant.values}, variant.options)
            values[picture_column] = shown_pictures(variant.pictures, gallery, owned)
            if len(variants) > 1:
                values[DESIGN] = design
            parts = [design, *variant.options.values()] if len(variants) > 1 else [design]
            name = "/".join(part.replace("/", "-") if i else part for i, part in enumerate(parts))
            if name in seen or (len(variants) > 1 and len(parts) == 1):
                name = f"{name}/{variant.code or variant.number}"
            seen.add(name)
            values[id_column] = name
            yield variant.number, values


class JoinedSheet(Sheet):
    """A sheet whose rows have all their pictures in one column.

    Args:
        sheet: the rows.
        picture: that column.
        columns: all columns of pictures.
        dropped: columns that are left out.
        change: what becomes of a picture.
    """

    def __init__(
        self,
        sheet: Sheet,
        picture: str,
        columns: Sequence[str],
        dropped: Iterable[str] = (),
        change: Callable[[str], str] = str,
    ) -> None:
        super().__init__(sheet, ())
        self._columns, self._picture, self._joined, self._change = sheet._columns, picture, columns, change
        self._dropped = {*dropped, *(column for column in columns if column != picture)}

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        for number, row in super().__iter__():
            if isinstance(row, RowRefused):
                yield number, row
            else:
                values = {column: value for column, value in row.items() if column not in self._dropped}
                values[self._picture] = [self._change(each) for each in self.pictures(row, self._joined)]
                yield number, values


def shown_pictures(own: Sequence[str], gallery: Sequence[str], owned: Collection[str]) -> list[str]:
    """The pictures of a variant: its own, then those of the whole product without the ones of other variants.

    Args:
        own: of the variant.
        gallery: of the whole product.
        owned: by any variant.
    """
    shared = [picture for picture in gallery if picture in own or picture not in owned]
    return list(dict.fromkeys([*own, *shared])) or list(dict.fromkeys(gallery))


def filled(base: Values, values: Values) -> Values:
    """The values of a row, with those of ``base`` where they are empty."""
    return {**base, **{column: value for column, value in values.items() if as_text(value)}}
