"""Which column of a feed holds which field: by synonyms (``synonyms.toml``) and by ``--column``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from streetshop.core.errors import FeedError
from streetshop.feeds import values
from streetshop.feeds.columns import Columns
from streetshop.feeds.currencies import name_and_currency
from streetshop.feeds.prices import MINOR
from streetshop.feeds.states import COLUMNS as STATE_COLUMNS
from streetshop.feeds.synonyms import (
    CATEGORY_NUMBERS,
    CATEGORY_PATHS,
    FIELD_KEYS,
    FIELDS,
    MORE_PICTURE_KEYS,
    PICTURE_KEYS,
    PRIVATE_KEYS,
    name_key,
    plain_name,
)
from streetshop.feeds.template import PictureTemplate

_OURS: Final = ("id", "title", "category", "brand", "price", "currency", "url", "image", "in_stock", "kind", "design")
_TAKEN: Final = frozenset(
    {*_OURS, "images", "shots", "score", "kind_source", "kind_probability", "predicted", "remarks", "category_path"}
)
_STATE_KEYS: Final = {name_key(name): use for name, use in STATE_COLUMNS.items()}
_STOCK_OF_A_PLACE: Final = re.compile(
    r"(?:inventory_available|current_quantity|inventory_quantity|inventory|stock|qty|quantity|bestand|lagerbestand|lager|existencias|voorraad|"
    r"estoque|giacenza|stan)_(?!status|policy|tracker|management|item|id\b|date|min|max|unit|type|alert|level|threshold|code|"
    r"location|keeping|notify|increments|availability)\w+"
)
_PLACES_AT_MOST: Final = 500


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
    free = _Names({name: column for name, column in plain.items() if column not in mapped.values()})

    fields = {name: column for name, column in mapped.items() if name in FIELDS}
    for name in FIELDS:
        if name not in fields and (found := next(free.named(FIELD_KEYS[name], prices=name.endswith("price")), "")):
            fields[name] = found
    images = _pictures(mapped.get("image"), free)
    if path and images and "id" not in fields:
        fields["id"] = images[0]
    elif path and path.uses_picture and not images and "id" in fields:
        images = (fields["id"],)
    _check_required(fields, images or (path.columns if path else ()), header, where)
    _check_once(header, {*fields.values()} - {fields.get("category", "")}, where)

    stocks = tuple(dict.fromkeys([*filter(None, [fields.get("in_stock")]), *free.named(FIELD_KEYS["in_stock"])]))
    categories = tuple(dict.fromkeys([*filter(None, [fields.get("category")]), *free.named(FIELD_KEYS["category"])]))
    categories = tuple(column for column in categories if column not in (fields["id"], fields.get("title")))
    return Columns(
        fields,
        images,
        _attributes(fields, images, plain, mapped),
        path,
        categories=categories,
        numbers=frozenset(column for column in categories if plain_name(column) in CATEGORY_NUMBERS),
        stocks=stocks,
        pieces=() if stocks else tuple(_places(plain)),
        states=tuple(
            (column, _STATE_KEYS[key])
            for name, column in plain.items()
            if (key := name_key(name)) in _STATE_KEYS and column not in fields.values()
        ),
    )


class _Names:
    """Columns by the keys of their names."""

    def __init__(self, plain: Mapping[str, str]) -> None:
        self._columns: dict[str, str] = {}
        self._minor: dict[str, str] = {}
        self._of_currency: dict[str, str] = {}
        self._numbered: dict[str, list[tuple[int, str]]] = {}
        for name, column in plain.items():
            key = name_key(name)
            self._columns.setdefault(key, column)
            if minor := MINOR.search(name):
                self._minor.setdefault(name_key(name[: minor.start()]), column)
            elif bare := name_and_currency(column)[0]:
                self._of_currency.setdefault(name_key(bare), column)
            if len(digits := re.findall(r"\d+", key)) == 1 and len(digits[0]) <= 3:
                self._numbered.setdefault(re.sub(r"\d+", "", key), []).append((int(digits[0]), column))

    def named(self, keys: Sequence[str], *, prices: bool = False) -> Iterator[str]:
        """The columns of some keys, in their order; of ``prices`` then those that name a currency or are in cents."""
        for columns in (self._columns, self._of_currency, self._minor) if prices else (self._columns,):
            yield from (columns[key] for key in keys if key in columns)

    def pictures(self, keys: Sequence[str]) -> Iterator[str]:
        """The columns of some keys, each followed by those that add a number: ``IMAGE1`` to ``IMAGE10``."""
        for key in keys:
            if key in self._columns:
                yield self._columns[key]
            yield from (column for _, column in sorted(self._numbered.get(key, ())))

    def like(self, column: str) -> Iterator[str]:
        """The other columns that differ from this one in their number alone."""
        stem = re.sub(r"\d+", "", name_key(column))
        yield from (other for _, other in sorted(self._numbered.get(stem, ())) if other != column)


def _pictures(mapped: str | None, free: _Names) -> tuple[str, ...]:
    more = free.pictures(MORE_PICTURE_KEYS)
    if mapped is not None:
        return tuple(dict.fromkeys([mapped, *free.like(mapped), *more]))
    return tuple(dict.fromkeys([*free.pictures(PICTURE_KEYS), *more]))


def _attributes(
    fields: Mapping[str, str], images: Sequence[str], plain: Mapping[str, str], mapped: Mapping[str, str]
) -> dict[str, str]:
    """The names of the attributes of all columns that are no field alone."""
    # Kept are paths, the text or number of stock, and the text of columns that only name a kind or a design.
    kept = {
        column
        for name, column in fields.items()
        if name in ("kind", "design")
        or (name == "category" and plain_name(column) in CATEGORY_PATHS)
        or (name == "in_stock" and plain_name(column) not in ("in_stock", "is_in_stock"))
    }
    used = {column for column in fields.values() if column not in kept}
    used |= {*images, *(mapped[name] for name in mapped if name in _OURS and name not in ("kind", "design"))}
    renamed = {column: name for name, column in mapped.items() if name not in _OURS and name not in FIELDS}
    attributes = {
        column: renamed.get(column, name)
        for name, column in plain.items()
        if column in renamed or (column not in used and name_key(name) not in PRIVATE_KEYS)
    }
    return {column: f"feed_{name}" if name in _TAKEN else name for column, name in attributes.items()}


def _places(plain: Mapping[str, str]) -> Iterator[str]:
    found = (column for name, column in plain.items() if _STOCK_OF_A_PLACE.fullmatch(name))
    yield from (column for _, column in zip(range(_PLACES_AT_MOST), found, strict=False))


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
        if plain.get(name) == column:
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


def _check_once(header: Sequence[str], columns: set[str], where: str) -> None:
    """Raise FeedError if one of the columns occurs more than once."""
    for column, count in Counter(header).items():
        if count > 1 and column in columns:
            raise FeedError(f"there are {count} columns {column!r}", where=where, hint="Rename or remove one")


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
        mapped[_field(ours)] = found
    return mapped


def _field(name: str) -> str:
    """The field that a user calls so; the name itself for an attribute."""
    if name in FIELDS:
        return name
    if (key := name_key(name)) in PICTURE_KEYS[:10]:
        return "image"
    # A word of another language, such as "nom", may be an attribute too: only the first synonyms are names of fields.
    return next((field for field, keys in FIELD_KEYS.items() if key in keys[:3]), name)


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
