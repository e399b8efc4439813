"""Which column of a feed holds which field: by synonyms (``synonyms.toml``) and by ``--column``."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from streetshop.core.errors import FeedError, RecordError, RowRefused
from streetshop.core.records import AttributeValue, FieldType, Product, Remark, Shot, check_product_id
from streetshop.feeds import values
from streetshop.feeds.kinds import TAXONOMY, KindWords, Taxonomy
from streetshop.feeds.sources import sources
from streetshop.feeds.synonyms import CATEGORY_NUMBERS, CATEGORY_PATHS, CODES, FIELDS, MORE_PICTURES, PICTURES
from streetshop.feeds.template import PictureTemplate
from streetshop.feeds.values import Values

_T = TypeVar("_T")

MAX_SHOTS: Final = 64
"""Pictures of a product, at most."""

_REPORTED: Final = 1000
"""Characters of a refused row's id and picture that are reported."""

_OURS: Final = ("id", "title", "category", "brand", "price", "currency", "url", "image", "in_stock", "kind", "design")

_ONCE: Final = frozenset(name for field, names in FIELDS.items() if field != "category" for name in names)
"""Plain names of columns that may occur once only."""

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+-]?\d{1,2})?")


def plain_name(name: str) -> str:
    """A column's name for comparison and as an attribute: ``g:Sale Price`` is ``sale_price``.

    Lower case, no ``g:`` in front, everything but letters and digits an underscore; ``imageLink`` is ``image_link``.
    Empty when nothing remains.
    """
    bare = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().lstrip("\ufeff").strip())
    return re.sub(r"\W+", "_", bare.lower().removeprefix("g:")).strip("_")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a feed.

    Attributes:
        fields: the column of each field, see ``synonyms.FIELDS``.
        images: columns with pictures, in the order of their pictures.
        attributes: the name of the attribute of every further column.
        template: the path of a picture, made of the content of the first of ``images`` and of other columns.
        types: of the attributes.
        categories: columns whose words name the kind of a product, the category's first.
        taxonomy: what these words mean.
    """

    fields: Mapping[str, str]
    images: tuple[str, ...]
    attributes: Mapping[str, str]
    template: PictureTemplate | None = None
    types: Mapping[str, FieldType] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    taxonomy: Taxonomy = TAXONOMY

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields that searches and filters commonly use and that no column holds."""
        return tuple(name for name in ("title", "category", "price") if name not in self.fields)

    def product(self, row: Values) -> Product:
        """The product of a row; its pictures are not read. Raises :class:`RowRefused`."""
        for column, value in row.items():
            if values.is_long(value):
                raise RowRefused(f"{column} has more than {values.MAX_TEXT} characters", hint="Shorten it")
        get = {name: row.get(column) for name, column in self.fields.items()}.get
        remarks = _Remarks(row)
        try:
            product_id = check_product_id(values.as_text(get("id")))
            price, currency = self._price(remarks)
            title = values.as_text(get("title"))
            found = self.taxonomy.find(self.words(row))
            return Product(
                id=product_id,
                title=title,
                category=self._category(get("category")),
                brand=values.as_text(get("brand")),
                price=price,
                currency=values.as_text(get("currency")).upper() or currency,
                url=remarks.unless("", self.fields.get("url", ""), values.as_link),
                in_stock=remarks.unless(None, self.fields.get("in_stock", ""), values.as_stock),
                attributes=self._attributes(row, remarks),
                shots=self._shots(row),
                kind=found.kind,
                kind_source=found.source,
                kind_probability=found.probability,
                design=values.as_text(get("design")),
                remarks=tuple(remarks.found),
            )
        except RecordError as error:
            raise RowRefused(error.what, hint=error.hint) from None

    def words(self, row: Values) -> KindWords:
        """What a row says of the kind of its product."""
        texts = {column: values.as_text(row.get(column)) for column in self.categories}
        return KindWords(
            given=values.as_text(row.get(self.fields["kind"])) if "kind" in self.fields else "",
            categories=tuple(texts.values()),
            title=values.as_text(row.get(self.fields["title"])) if "title" in self.fields else "",
            numbers=tuple(text for column, text in texts.items() if plain_name(column) in CATEGORY_NUMBERS),
        )

    def id_text(self, row: Values) -> str:
        """The content of the id column, for the report of refused rows."""
        return values.as_text(row.get(self.fields["id"]))[:_REPORTED]

    def image_text(self, row: Values) -> str:
        """The content of the main picture's column, for the report of refused rows."""
        return values.as_text(row.get(self.images[0]))[:_REPORTED] if self.images else ""

    def _price(self, remarks: _Remarks) -> tuple[float | None, str]:
        """The price of today and its currency."""
        nothing: tuple[float | None, str] = (None, "")
        regular = remarks.unless(nothing, self.fields.get("price", ""), values.as_price)
        reduced = remarks.unless(nothing, self.fields.get("sale_price", ""), values.as_price)
        today = datetime.datetime.now(datetime.UTC)

        def on_sale(value: object, name: str) -> bool:
            return values.on_sale(value, today)

        if reduced[0] is None or not remarks.unless(False, self.fields.get("sale_date", ""), on_sale):
            return regular
        return reduced[0], reduced[1] or regular[1]

    def _category(self, value: object) -> str:
        if isinstance(value, (list, tuple)):
            value = value[0] if value else None
        text = values.as_text(value)
        if plain_name(self.fields.get("category", "")) in CATEGORY_PATHS:
            # "Apparel > Dresses > Maxi Dresses", and several of them in a row, "A > B, A > C"
            text = text.split(">")[-1].strip()
        return text

    def _shots(self, row: Values) -> tuple[Shot, ...]:
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
            raise RowRefused(f"{len(unique)} pictures", hint=f"A product has at most {MAX_SHOTS}")
        return unique

    def _attributes(self, row: Values, remarks: _Remarks) -> dict[str, AttributeValue]:
        attributes: dict[str, AttributeValue] = {}
        for column, name in self.attributes.items():
            raw = row.get(column)
            if not values.is_empty(raw):
                value = remarks.unless(None, column, partial(_typed, kind=self.types.get(name, "text")))
                if value is not None:
                    attributes[name] = value
        return attributes


class _Remarks:
    """What of a row is not understood."""

    def __init__(self, row: Values) -> None:
        self._row = row
        self.found: list[Remark] = []

    def unless(self, nothing: _T, column: str, read: Callable[[object, str], _T]) -> _T:
        """What ``read`` makes of a column's value; ``nothing``, with a remark, if it refuses it."""
        value = self._row.get(column)
        try:
            return read(value, column)
        except RowRefused as error:
            self.found.append(Remark(column, values.as_text(value), str(error)))
            return nothing


def find_columns(
    header: Sequence[str], mapping: Mapping[str, str] | None = None, template: str | None = None, where: str = "feed"
) -> Columns:
    """Assign the columns of a feed to fields.

    Args:
        header: the columns of the feed.
        mapping: a field, or the name of an attribute, to a column of the feed; overrides the synonyms.
        template: the path of a picture, see :class:`PictureTemplate`. The image column is then also the id if the feed
            has none, or the id column that of the image.
        where: the feed, for errors.

    Raises:
        FeedError: a required column is missing, two columns have one name, there are more than ``MAX_COLUMNS``, or the
            mapping names unknown columns.
    """
    plain = _plain_columns(header, where)
    path = _template(template, plain, header, where) if template is not None else None
    mapped = _mapped(mapping or {}, plain, header, where)

    fields = {name: column for name, column in mapped.items() if name in FIELDS}
    for name, aliases in FIELDS.items():
        free = [plain[alias] for alias in aliases if alias in plain and plain[alias] not in mapped.values()]
        if name not in fields and free:
            fields[name] = free[0]
    if "image" in mapped:
        images = (mapped["image"], *(plain[name] for name in MORE_PICTURES if name in plain))
    else:
        there = [plain[name] for name in (*PICTURES, *MORE_PICTURES) if name in plain]
        images = tuple(column for column in there if column not in mapped.values())
    if path and images and "id" not in fields:
        fields["id"] = images[0]
    elif path and path.uses_picture and not images and "id" in fields:
        images = (fields["id"],)
    _check_required(fields, images or (path.columns if path else ()), header, where)

    kept = CATEGORY_PATHS | {"availability"}  # and the text of columns that only name a kind or a design
    used = {
        column for name, column in fields.items() if plain_name(column) not in kept and name not in ("kind", "design")
    }
    used |= {*images, *(mapped[name] for name in mapped if name in _OURS and name not in ("kind", "design"))}
    renamed = {column: name for name, column in mapped.items() if name not in _OURS}
    attributes = {column: renamed.get(column, name) for name, column in plain.items() if column not in used}
    taken = {*_OURS, "images", "shots", "score", "kind_source", "kind_probability", "predicted"}
    for column, name in attributes.items():
        if name in taken:
            attributes[column] = f"feed_{name}"
    named = [fields["category"]] if "category" in fields else []
    named += [plain[alias] for alias in FIELDS["category"] if alias in plain and plain[alias] not in named]
    return Columns(fields, images, attributes, path, categories=tuple(named))


def _plain_columns(header: Sequence[str], where: str) -> dict[str, str]:
    """The columns by their plain names, without those that have none."""
    if len(header) > values.MAX_COLUMNS:
        raise FeedError(f"{len(header)} columns", where=where, hint=f"At most {values.MAX_COLUMNS} are read")
    plain: dict[str, str] = {}
    for column in header:
        name = plain_name(column)
        if len(name) > values.MAX_NAME:
            what = f"the name of a column has {len(name)} characters: {column[:60]!r}..."
            raise FeedError(what, where=where, hint=f"At most {values.MAX_NAME} are read")
        if plain.get(name) == column and name not in _ONCE:
            continue  # the cells of both are one list
        if name in plain:
            raise FeedError(
                f"columns {plain[name]!r} and {column!r} have the same name here",
                where=where,
                hint="Rename or remove one",
            )
        if name:
            plain[name] = column
    return plain


def _template(text: str, plain: Mapping[str, str], header: Sequence[str], where: str) -> PictureTemplate:
    """The template, with the columns of this feed."""

    def column(name: str) -> str:
        found = name if name in header else plain.get(plain_name(name))
        if found is None:
            what = f"image template {text!r} names {name!r}, and there are {', '.join(header) or 'no columns'}"
            raise FeedError(what[:1000], where=where, hint="Name one of them, or nothing for the column of pictures")
        return found

    return PictureTemplate.parse(text, where, column)


def _mapped(mapping: Mapping[str, str], plain: Mapping[str, str], header: Sequence[str], where: str) -> dict[str, str]:
    mapped = {}
    for name, column in mapping.items():
        found = column if column in header else plain.get(plain_name(column))
        if found is None:
            raise FeedError(
                f"there is no column {column!r}; there are {', '.join(header) or 'none'}",
                where=where,
                hint=f"Say --column {name}=<one of them>",
            )
        ours = plain_name(name)
        if not ours:
            raise FeedError(f"{name!r} is no name for a column", where=where, hint="Use letters and digits")
        if ours in PICTURES:
            ours = "image"
        mapped[next((field for field, aliases in FIELDS.items() if ours in aliases), ours)] = found
    return mapped


def _check_required(fields: Mapping[str, str], images: Sequence[str], header: Sequence[str], where: str) -> None:
    missing = [name for name, there in (("id", "id" in fields), ("image", bool(images))) if not there]
    if missing:
        names = ", ".join(header)
        raise FeedError(
            f"no column for {' and '.join(missing)}; a feed needs at least id and image (or image_link), "
            f"and this one has {names[:1000] or 'no columns'}",
            where=where,
            hint="Say which is which, as in " + " ".join(f"--column {name}=<column>" for name in missing),
        )


class TypeSurvey:
    """Infers the types of attributes from all rows: number or boolean if every value is one, otherwise text.

    Values of ``typed`` feeds (JSON, Parquet) have types. In CSV, ``true``/``false`` and plain numbers are recognised,
    without leading zeros and of at most 15 digits, since codes are not numbers.
    """

    def __init__(self, columns: Columns, typed: bool) -> None:
        self._typed = typed
        self._possible: dict[str, set[FieldType]] = {
            name: {"number", "boolean"} for name in columns.attributes.values()
        }
        self._columns = columns
        self._seen: set[str] = set()
        for name in self._possible:
            if not typed and (name in CODES or name.endswith("_id")):
                self._possible[name] = set()

    def add(self, row: Values) -> None:
        """Take a row into account."""
        for column, name in self._columns.attributes.items():
            possible = self._possible[name]
            value = row.get(column)
            if values.is_empty(value):
                continue
            self._seen.add(name)
            if possible:
                possible.intersection_update(_kinds(value, self._typed))

    def types(self) -> dict[str, FieldType]:
        """The type of each attribute."""
        types: dict[str, FieldType] = {}
        for name in self._columns.attributes.values():
            possible = self._possible[name] if name in self._seen else set()
            types[name] = "number" if "number" in possible else "boolean" if "boolean" in possible else "text"
        return types


def _kinds(value: object, typed: bool) -> Iterable[FieldType]:
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, (int, float, Decimal)):
        return ("number",) if -(2**53) < value < 2**53 else ()
    if not typed and isinstance(value, str):
        text = value.strip()
        if text.lower() in ("true", "false"):
            return ("boolean",)
        if _NUMBER.fullmatch(text):
            return ("number",)
    return ()


def _typed(value: object, column: str, kind: FieldType) -> AttributeValue:
    """A value as the type of its column; it only has another one if the feed changed since the survey."""
    if kind == "text":
        return values.as_text(value)
    try:
        if kind == "number" and isinstance(value, (int, float, str, Decimal)):
            return float(value)
    except (ValueError, OverflowError):
        pass
    text = values.as_text(value).lower()
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    raise RowRefused(f"{column} {text[:60]!r} is no {kind}", hint="Run again: the feed changed while it was read")
