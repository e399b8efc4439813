"""The columns of a feed, and what a row says of its product."""

from __future__ import annotations

import datetime
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from streetshop.core.errors import RecordError, RowRefused
from streetshop.core.records import AttributeValue, FieldType, Product, Remark, Shot, check_product_id
from streetshop.feeds import values
from streetshop.feeds.attribute_types import typed
from streetshop.feeds.categories import LISTS, Path, category_name, category_paths
from streetshop.feeds.kinds import TAXONOMY, KindWords, Taxonomy
from streetshop.feeds.prices import PLAIN, Price, PriceStyle, as_price
from streetshop.feeds.sales import on_sale
from streetshop.feeds.sources import sources
from streetshop.feeds.states import state_of
from streetshop.feeds.stock import as_stock, pieces_in_all
from streetshop.feeds.synonyms import plain_name
from streetshop.feeds.template import PictureTemplate
from streetshop.feeds.values import Values

_T = TypeVar("_T")

MAX_SHOTS: Final = 64
"""Pictures of a product, at most."""

_REPORTED: Final = 1000
"""Characters of a refused row's id and picture that are reported."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a feed.

    Attributes:
        fields: the column of each field, see ``synonyms.FIELDS``.
        images: columns with pictures, in the order of their pictures.
        attributes: the name of the attribute of every further column.
        template: the path of a picture, made of the content of the first of ``images`` and of other columns.
        types: of the attributes.
        categories: columns with categories, the one that counts first; where its cell is empty the next one counts.
        numbers: those of them that may hold a number of Google's product taxonomy.
        slashes: a slash separates the levels of a category in any case.
        stocks: columns that tell whether a product can be bought; the first that is not empty counts.
        pieces: columns with the pieces at each place, which count together where none of ``stocks`` is there.
        states: columns that tell whether a product is for sale, with their use, see ``states.COLUMNS``.
        style: how prices are written.
        taxonomy: what the words of categories and titles mean.
    """

    fields: Mapping[str, str]
    images: tuple[str, ...]
    attributes: Mapping[str, str]
    template: PictureTemplate | None = None
    types: Mapping[str, FieldType] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    slashes: bool = False
    stocks: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    states: tuple[tuple[str, str], ...] = ()
    style: PriceStyle = PLAIN
    taxonomy: Taxonomy = TAXONOMY

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields that searches and filters commonly use and that no column holds."""
        return tuple(name for name in ("title", "category", "price") if name not in self.fields)

    def state(self, row: Values) -> str:
        """Why the product of a row is not for sale, see ``states.state_of``; empty if it is."""
        return state_of(row, self.states)

    def product(self, row: Values) -> Product:
        """The product of a row; its pictures are not read. Raises :class:`RowRefused`."""
        for column, value in row.items():
            if values.is_long(value):
                raise RowRefused(f"{column} has more than {values.MAX_TEXT} characters", hint="Shorten it")
        remarks = _Remarks(row)
        try:
            product_id = check_product_id(values.as_text(self._cell(row, "id")))
            price = self._price(remarks)
            paths = self._paths(row)
            found = self.taxonomy.find(self.words(row))
            category = category_name(paths)
            return Product(
                id=product_id,
                title=self._text(row, "title"),
                category=category,
                brand=self._text(row, "brand"),
                price=price.amount if price else None,
                currency=values.as_text(self._cell(row, "currency")).upper() or (price.currency if price else ""),
                url=remarks.unless("", self.fields.get("url", ""), values.as_link),
                in_stock=self._stock(row, remarks),
                attributes=self._attributes(row, remarks, category),
                shots=self._shots(row, remarks),
                kind=found.kind,
                kind_source=found.source,
                kind_probability=found.probability,
                design=self._design(row),
                remarks=tuple(remarks.found),
            )
        except RecordError as error:
            raise RowRefused(error.what, hint=error.hint) from None

    def words(self, row: Values) -> KindWords:
        """What a row says of the kind of its product."""
        texts = {column: values.as_text(row.get(column)) for column in self.categories}
        paths = [" > ".join(path) for path in self._paths(row)]
        return KindWords(
            given=values.as_text(self._cell(row, "kind")),
            categories=tuple(dict.fromkeys([*paths, *texts.values()])),
            title=self._text(row, "title"),
            numbers=tuple(texts[column] for column in self.categories if column in self.numbers),
        )

    def id_text(self, row: Values) -> str:
        """The content of the id column, for the report of refused rows."""
        return values.as_text(row.get(self.fields["id"]))[:_REPORTED]

    def image_text(self, row: Values) -> str:
        """The content of the main picture's column, for the report of refused rows."""
        return values.as_text(row.get(self.images[0]))[:_REPORTED] if self.images else ""

    def _cell(self, row: Values, name: str) -> object:
        return row.get(self.fields[name]) if name in self.fields else None

    def _text(self, row: Values, name: str) -> str:
        text = values.as_text(self._cell(row, name))
        return html.unescape(text).strip() if "&" in text else text

    def _design(self, row: Values) -> str:
        design = values.as_text(self._cell(row, "design"))
        no_parent = design == "0" and plain_name(self.fields["design"]).startswith("parent")
        return "" if no_parent or design.lower() in ("null", "none", "nan") else design

    def _price(self, remarks: _Remarks) -> Price | None:
        """The price of today."""
        regular, reduced = (self._one_price(name, remarks) for name in ("price", "sale_price"))
        if reduced is None or (reduced.amount == 0 and regular is not None):  # 0 is how many systems write "none"
            return regular
        if regular is not None and reduced.amount > regular.amount and reduced.currency in ("", regular.currency):
            remarks.add(self.fields["sale_price"], "it is above the regular price, which counts")
            return regular
        now = datetime.datetime.now(datetime.UTC)
        dates = [self.fields.get(name, "") for name in ("sale_date", "sale_start", "sale_end")]

        def holds(value: object, column: str) -> bool:
            interval, start, end = (value if name == column and name else None for name in dates)
            return on_sale(interval, start, end, now)

        held = [remarks.unless(False, column, holds) for column in dates if column]  # each may leave a remark
        if not all(held):
            return regular
        return replace(reduced, currency=reduced.currency or (regular.currency if regular else ""))

    def _one_price(self, name: str, remarks: _Remarks) -> Price | None:
        column = self.fields.get(name, "")
        price = remarks.unless(None, column, partial(as_price, style=self.style))
        if price is not None and price.remark:
            remarks.add(column, price.remark)
        return price

    def _stock(self, row: Values, remarks: _Remarks) -> bool | None:
        for column in self.stocks:
            if not values.is_empty(row.get(column)):
                found = remarks.unless(None, column, as_stock)
                if found is not None:
                    return found
        return pieces_in_all(row.get(column) for column in self.pieces)

    def _paths(self, row: Values) -> list[Path]:
        """The categories of the first of the columns that names one."""
        brand = self._text(row, "brand")
        for column in self.categories:
            paths = category_paths(
                row.get(column), is_list=plain_name(column) in LISTS, slashes=self.slashes, brand=brand
            )
            if paths:
                # Of several the first that names a kind counts.
                return paths if len(paths) == 1 else sorted(paths, key=self._names_nothing)
        return []

    def _names_nothing(self, path: Path) -> bool:
        return not self.taxonomy.find(KindWords(categories=(" > ".join(path),))).kind

    def _shots(self, row: Values, remarks: _Remarks) -> tuple[Shot, ...]:
        found: list[str] = []
        if self.template and not self.template.uses_picture:
            found.append(self.template.path("", lambda column: values.as_text(row.get(column))))
        for i, column in enumerate(self.images):
            named = sources(row.get(column))
            if self.template and self.template.uses_picture and i == 0:
                template = self.template
                named = (template.path(name, lambda column: values.as_text(row.get(column))) for name in named)
            found.extend(named)
        unique = tuple(Shot(source) for source in dict.fromkeys(found))
        if not unique:
            raise RowRefused("no picture", hint=f"Fill the column {self.images[0]}")
        if len(unique) > MAX_SHOTS:
            remarks.add(self.images[0], f"{len(unique)} pictures, of which the first {MAX_SHOTS} are used")
        return unique[:MAX_SHOTS]

    def _attributes(self, row: Values, remarks: _Remarks, category: str) -> dict[str, AttributeValue]:
        attributes: dict[str, AttributeValue] = {}
        for column, name in self.attributes.items():
            raw = row.get(column)
            if not values.is_empty(raw):
                value = remarks.unless(None, column, partial(typed, kind=self.types.get(name, "text")))
                if value is not None:
                    attributes[name] = value
        column = self.fields.get("category", "")
        if column not in self.attributes and (text := values.as_text(row.get(column))) not in ("", category):
            attributes.setdefault("category_path", html.unescape(text))
        return attributes


class _Remarks:
    """What of a row is not understood."""

    def __init__(self, row: Values) -> None:
        self._row = row
        self.found: list[Remark] = []

    def unless(self, nothing: _T, column: str, read: Callable[[object, str], _T]) -> _T:
        """What ``read`` makes of a column's value; ``nothing``, with a remark, if it refuses it."""
        try:
            return read(self._row.get(column), column)
        except RowRefused as error:
            self.add(column, str(error))
            return nothing

    def add(self, column: str, reason: str) -> None:
        """Remark upon the value of a column."""
        self.found.append(Remark(column, values.as_text(self._row.get(column)), reason))
