"""Choose the preset of a feed, by its name or by its columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.presets import amazon, bigcommerce, etsy, hm, magento, nested, plain, prestashop, shopify, wix
from streetshop.feeds.presets import woocommerce as woo
from streetshop.feeds.presets.preset import Preset, Read
from streetshop.feeds.presets.sheet import Found, Rows, Sheet
from streetshop.feeds.synonyms import MORE_PICTURE_KEYS, PICTURE_KEYS, name_key
from streetshop.feeds.template import PictureTemplate
from streetshop.feeds.values import as_text

AUTO: Final = "auto"
NONE: Final = "none"
PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        *(shopify.PRESET, wix.PRESET, woo.PRESET, magento.PRESET, bigcommerce.PRESET, etsy.PRESET, prestashop.PRESET),
        *(amazon.PRESET, hm.PRESET, plain.KAGGLE, plain.META, plain.GOOGLE),
    )
}
"""All presets by name; of several that fit a feed, the first is used."""
_FIRST: Final = 200
"""Rows that tell the columns of a file without a header."""


class _Records(Rows, Protocol):
    @property
    def typed(self) -> bool: ...

    def header(self) -> list[str] | None: ...


@dataclass(frozen=True)
class Layout:
    """How the products of a feed lie in its rows.

    Attributes:
        preset: name of the shop system; empty if it is none that is known.
        title: as people call it.
        mapping: the column of each field.
        template: the path of a picture; None if the feed names pictures.
        slashes: a slash separates the levels of a category.
        decimal: the decimal sign of prices; empty if it is not known.
    """

    preset: str = ""
    title: str = ""
    mapping: Mapping[str, str] | None = None
    template: str | None = None
    slashes: bool = False
    decimal: str = ""
    _rows: Rows | None = None
    _read: Read | None = None

    def __iter__(self) -> Iterator[Found]:
        """The products as rows; again from the beginning each time."""
        return iter(self._read() if self._read else self._rows or ())

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        if not self.preset:
            return ()
        return (
            f"read as an export of {self.title} (--preset {self.preset}); --preset none reads a product from each row",
        )

    @property
    def regroups(self) -> bool:
        """Whether rows have other columns than the file."""
        return self._read is not None


def layout(
    records: _Records, preset: str, user: Mapping[str, str], template: str | None, root: Path, where: str
) -> Layout:
    """The layout of a feed.

    Args:
        records: the rows of the file.
        preset: name of a preset, ``auto`` to choose by the columns, ``none`` for one row a product.
        user: the columns of fields as the user says, which count more.
        template: the path of a picture as the user says.
        root: where pictures lie.
        where: the feed, for errors.

    Raises:
        FeedError: there is no such preset, or the feed lacks its columns.
    """
    header = records.header()
    names = list(header if header is not None else _first_names(records))
    chosen = _preset(preset, names, where)
    if chosen is None:
        if preset != NONE and records.typed and nested.variant_column(names):
            chosen = nested.PRESET
        else:
            return Layout(_rows=records)
    sheet = Sheet(records, names)
    mapping = {field: column for field, keys in chosen.fields.items() if (column := sheet.column(*keys))}
    has_pictures = any(name_key(name) in (*PICTURE_KEYS, *MORE_PICTURE_KEYS) for name in names)
    made = None
    if chosen.templates:
        if template is None and not has_pictures and "image" not in user:
            made = _template(chosen.templates, records, mapping["image"], chosen, sheet, root, where)
        elif template is None or "image" in user:
            mapping.pop("image", None)
    read = chosen.open(sheet) if chosen.open else None
    name = "" if chosen is nested.PRESET else chosen.name
    return Layout(name, chosen.title, mapping, made, chosen.slashes, chosen.decimal, records, read)


def merged(own: Mapping[str, str], user: Mapping[str, str]) -> dict[str, str]:
    """The columns of fields: the user's, then the preset's.

    What the user says of a column that the preset reads too is the same thing, and the preset knows its rows better.
    """
    read = {name_key(column) for column in own.values()}
    mine = {name: column for name, column in user.items() if name not in own or name_key(column) not in read}
    taken = {name_key(column) for column in mine.values()}
    return {**{field: column for field, column in own.items() if name_key(column) not in taken}, **mine}


def _preset(name: str, names: Iterable[str], where: str) -> Preset | None:
    keys = {name_key(each) for each in names}
    if name == AUTO:
        return next((each for each in PRESETS.values() if any(marks <= keys for marks in each.marks)), None)
    if name == NONE:
        return None
    if name not in PRESETS:
        raise FeedError(f"no preset {name!r}", hint=f"There are {', '.join((AUTO, NONE, *PRESETS))}")
    chosen = PRESETS[name]
    missing = [field for field in ("id", "image") if field in chosen.fields and keys.isdisjoint(chosen.fields[field])]
    if missing:
        raise FeedError(
            f"this is no export of {chosen.title}: it has none of its columns for {' and '.join(missing)}",
            where=where,
            hint="Leave --preset out, or export the products again with all columns",
        )
    return chosen


def _first_names(records: Rows) -> dict[str, None]:
    names: dict[str, None] = {}
    for _, row in itertools.islice(iter(records), _FIRST):
        if not isinstance(row, RowRefused):
            names.update(dict.fromkeys(row))
    return names


def _template(
    templates: Sequence[str], records: Rows, column: str, preset: Preset, sheet: Sheet, root: Path, where: str
) -> str:
    """The first template by which one of the first pictures is there; the first of all if none is."""
    rows = preset.open(sheet)() if preset.open else records
    ids = [
        text
        for _, row in itertools.islice(iter(rows), 20)
        if isinstance(row, dict) and (text := as_text(row.get(column)))
    ]
    for text in templates:
        parsed = PictureTemplate.parse(text, where, lambda name: name)
        for name in ids:
            path = parsed.path(name, lambda column: "")
            if ".." not in path and (root / path).is_file():
                return text
    return templates[0]
