"""Open a feed, a file or a folder of pictures, as a stream of products.

A feed is read once to count its rows, detect its encoding and infer the types of its columns, and again, row by row,
each time it is iterated. Only the ids seen so far stay in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from streetshop.core.errors import FeedError, RowRefused
from streetshop.core.records import Product
from streetshop.feeds.attribute_types import TypeSurvey
from streetshop.feeds.columns import MAX_SHOTS, Columns
from streetshop.feeds.currencies import check_currency
from streetshop.feeds.find_columns import find_columns
from streetshop.feeds.folder import PictureFolder
from streetshop.feeds.google import NumberSurvey
from streetshop.feeds.kinds import TAXONOMY, Taxonomy
from streetshop.feeds.presets.choose import AUTO, Layout, layout, merged
from streetshop.feeds.prices import PriceSurvey
from streetshop.feeds.refused import Refusal
from streetshop.feeds.several import open_several
from streetshop.feeds.spool import Spool, standard_input
from streetshop.feeds.states import LeftOut
from streetshop.feeds.survey import KindSurvey
from streetshop.feeds.values import MAX_COLUMNS, Values

MAX_ROWS: Final = 5_000_000
"""Rows of a feed, at most, if nothing else is said."""
_PROGRESS_EVERY: Final = 1000


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row with a product whose pictures are not read yet.

    Attributes:
        number: of the row. The header of a CSV is row 1, as in a spreadsheet; JSON lines are counted by lines, all
            others from 1. Of several rows of one product, the first.
        product: the ``source`` of its shots is a path relative to :attr:`Feed.root`, or an address.
    """

    number: int
    product: Product


@dataclass(frozen=True)
class Feed:
    """An open feed. Iterating gives a :class:`FeedRow`, :class:`Refusal` or :class:`LeftOut` for every row, in order.

    Attributes:
        path: of the file or folder.
        root: the folder that the paths of pictures are relative to.
        kind: ``folder``, ``CSV``, ``JSON lines``, ``JSON array``, ``JSON objects``, ``XML`` or ``Parquet``.
        rows: number of rows, including refused ones.
        columns: the fields of its columns; None for a folder.
        preset: the shop system whose export it is; empty if none is known.
        taxonomy: what its words mean.
        notes: what the user should know of it.
        base: address of a feed that was fetched, which paths of pictures are relative to; otherwise empty.
    """

    path: Path
    root: Path
    kind: str
    rows: int
    columns: Columns | None = None
    taxonomy: Taxonomy = TAXONOMY
    notes: tuple[str, ...] = ()
    preset: str = ""
    _layout: Layout | None = None
    base: str = ""
    _folder: PictureFolder | None = None
    _spool: Spool | None = None

    def __iter__(self) -> Iterator[FeedRow | Refusal | LeftOut]:
        """Iterate over the rows; raises :class:`FeedError` if the file ends early or changes while it is read.

        A repeated id is refused, and the reason names the first row. Only consecutive rows that differ in nothing but
        their pictures (other cells may be empty) become one product with all of those pictures.
        """
        first: dict[str, int] = {}
        held: FeedRow | None = None
        for row in self._raw_rows():
            if not isinstance(row, FeedRow):
                yield row
                continue
            product = row.product
            if held is not None and product.id == held.product.id and _adds_pictures(held.product, product):
                held = replace(held, product=_merged(held.product, product))
                continue
            if product.id in first:
                reason = f"the id occurred before, in row {first[product.id]}"
                yield Refusal(row.number, product.id, product.shots[0].source, f"{reason}. Give every product its own.")
                continue
            first[product.id] = row.number
            if held is not None:
                yield held
            held = row
        if held is not None:
            yield held

    def _raw_rows(self) -> Iterator[FeedRow | Refusal | LeftOut]:
        if self._folder is not None:
            for number, (name, found) in enumerate(self._folder.iterate(self.taxonomy), start=1):
                if isinstance(found, RowRefused):
                    yield Refusal(number, "", name, str(found))
                else:
                    yield FeedRow(number, found)
            return
        if self._layout is None or self.columns is None:
            return
        for number, values in self._layout:
            if isinstance(values, RowRefused):
                yield Refusal(number, "", "", str(values))
                continue
            if isinstance(values, LeftOut):
                yield values
                continue
            if state := self.columns.state(values):
                yield LeftOut(number, self.columns.id_text(values), state)
                continue
            try:
                yield FeedRow(number, self.columns.product(values))
            except RowRefused as error:
                yield Refusal(number, self.columns.id_text(values), self.columns.image_text(values), str(error))


def read_feed(
    path: str | Path | Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    image_template: str | None = None,
    encoding: str | None = None,
    max_rows: int = MAX_ROWS,
    kinds: Mapping[str, str] | None = None,
    preset: str = AUTO,
    currency: str = "",
    product_folders: bool | None = None,
    base: str = "",
    spool: Spool | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Feed:
    """Open a folder of pictures, a CSV, TSV, XML, JSON or Parquet file, or several files.

    Args:
        path: the file or folder, several files in one folder, or ``-`` for standard input.
        columns: the columns of fields whose names are no synonyms, as in ``{"category": "label"}``.
        image_template: the path of a picture, with ``{}`` for the image column, as in ``"images/{}.jpg"``.
        encoding: of a text file; None to detect it.
        max_rows: a feed with more is refused.
        kinds: the shop's own kinds of its categories, see ``read_mapping``.
        preset: the shop system whose export it is, see ``presets.choose.PRESETS``; ``auto`` to tell by its columns,
            ``none`` for a row per product.
        currency: ISO 4217, of prices that name none.
        product_folders: whether each folder with pictures is one product; None to find out, see ``PictureFolder``.
        base: the address that the file was fetched from; paths of pictures are relative to it.
        spool: holds a file that was fetched.
        progress: called now and then with the number of rows that were read.

    Raises:
        FeedError: the feed as a whole cannot be used: unreadable, an archive, a pipe or device, of unknown encoding,
            without the required columns, too long, or empty.
    """
    if not str(path):
        raise FeedError("the name of the feed is empty", hint='Name a file or folder; this folder is "."')
    paths = [Path(each) for each in path] if isinstance(path, Sequence) and not isinstance(path, str) else [Path(path)]
    root = Path.cwd() if base else paths[0].parent
    if str(paths[0]) == "-" and len(paths) == 1:
        spool, root = Spool(), Path.cwd()
        paths = [standard_input(spool)]
    path = paths[0]
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise FeedError(f"no such file or folder ({error})", where=repr(str(path)), hint="Check the path") from None
    if is_folder and len(paths) == 1:
        if columns or image_template:
            raise FeedError(
                "a folder of pictures has no columns", where=str(path), hint="Give the CSV, JSON lines or Parquet file"
            )
        folder = PictureFolder.open(path, product_folders)
        _check_rows(folder.rows, max_rows, str(path))
        survey = KindSurvey(Taxonomy(kinds or {}))
        for words in folder.words:
            survey.add(words)
        notes = (*folder.notes, *survey.notes())
        return Feed(path, path, "folder", folder.rows, taxonomy=survey.taxonomy(), notes=notes, _folder=folder)
    for each in paths:
        if "\0" in str(each) or not each.exists():
            raise FeedError("no such file or folder", where=str(each), hint="Check the path")
    records = open_several(paths, encoding)
    _check_rows(records.count() or 0, max_rows, str(path))

    currency = check_currency(currency)
    found = layout(records, preset, columns or {}, image_template, root, str(path))

    def read() -> Iterator[Values | RowRefused | LeftOut]:
        for rows, (_, values) in enumerate(found, start=1):
            _check_rows(rows, max_rows, str(path))
            if rows % _PROGRESS_EVERY == 0:
                progress(rows)
            yield values

    survey = KindSurvey(Taxonomy(kinds or {}))
    prices = PriceSurvey(found.decimal)
    given = records.header()
    header = _names(read(), str(path)) or given or [] if found.regroups or given is None else given
    template = image_template or found.template
    names = find_columns(header, merged(found.mapping or {}, columns or {}), template, str(path))
    names, rows = _survey(replace(names, slashes=found.slashes), records.typed, str(path), read, survey, prices)
    names = replace(names, style=prices.style(currency), taxonomy=survey.taxonomy())
    notes = (*found.notes(), *survey.notes(), *prices.notes(currency))
    return Feed(
        path, root, records.kind, rows, names, names.taxonomy, notes, found.preset, found, base=base, _spool=spool
    )


def _names(rows: Iterable[Values | RowRefused | LeftOut], where: str) -> list[str]:
    """The names of all columns, of a file that does not say them."""
    names: dict[str, None] = {}
    for values in rows:
        if isinstance(values, dict):
            names.update(dict.fromkeys(values))
        if len(names) > MAX_COLUMNS:
            raise FeedError(f"more than {MAX_COLUMNS} columns", where=where, hint="Nest what differs from row to row")
    return list(names)


def _survey(
    columns: Columns,
    typed: bool,
    where: str,
    read: Callable[[], Iterator[Values | RowRefused | LeftOut]],
    kinds: KindSurvey,
    prices: PriceSurvey,
) -> tuple[Columns, int]:
    """Count the rows, and infer from them the types of attributes and which categories are numbers of Google's."""
    types, numbers, rows = TypeSurvey(columns.attributes, typed), NumberSurvey(columns.categories), 0
    for values in read():
        rows += 1
        if isinstance(values, dict):
            types.add(values)
            numbers.add(values)
            cells = [values.get(columns.fields[name]) for name in ("price", "sale_price") if name in columns.fields]
            prices.add(cells, values.get(columns.fields.get("currency", "")), values.get(columns.fields.get("url", "")))
            if kinds.learns or "kind" in columns.fields:
                kinds.add(columns.words(values))
    if rows == 0:
        raise FeedError("the feed has no rows", where=where, hint="Export it again")
    return replace(columns, types=types.types(), numbers=columns.numbers | numbers.columns()), rows


def _check_rows(rows: int, most: int, where: str) -> None:
    if rows > most:
        raise FeedError(
            f"more than {most} rows", where=where, hint="Split the feed, or raise the limit with --max-rows"
        )


def _adds_pictures(product: Product, other: Product) -> bool:
    """Whether ``other`` has new pictures and otherwise nothing that ``product`` has not."""
    sources = {shot.source for shot in product.shots}
    both = sources.union(shot.source for shot in other.shots)
    if len(both) == len(sources) or len(both) > MAX_SHOTS:
        return False
    for name in ("title", "category", "brand", "price", "currency", "url", "in_stock"):
        if getattr(other, name) not in ("", None, getattr(product, name)):
            return False
    return all(product.attributes.get(name) == value for name, value in other.attributes.items())


def _merged(product: Product, other: Product) -> Product:
    shots = tuple({shot.source: shot for shot in (*product.shots, *other.shots)}.values())
    return replace(product, shots=shots)
