"""The path of a picture made of values of its row: ``images/{:.3}/{}.jpg``."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streetshop.core.errors import FeedError, RowRefused

_HINT: Final = 'Write it like "images/{}.jpg", "images/{:.3}/{}.jpg", "{[0:2]}/{}.jpg", "{:0>10}.jpg" or "{sku}.jpg"'
_FORMAT: Final = re.compile(r"(?:.?[<>])?\d{0,2}(?:\.\d{1,3})?")
_FIELD: Final = re.compile(r"(?P<name>[^\[\].!]*)(?:\[(?P<start>-?\d{0,3})(?P<slice>:)(?P<end>-?\d{0,3})\])?")


@dataclass(frozen=True, slots=True)
class _Part:
    """Text, and after it a value: of the column ``name``, or of the picture's column if that is empty."""

    text: str
    name: str | None
    cut: slice
    form: str


@dataclass(frozen=True, slots=True)
class PictureTemplate:
    """A template of paths.

    In braces stands the name of a column, or nothing for the column of the picture; after it may follow a slice
    (``[0:3]``), and after a colon a width with a fill (``0>10``), a number of characters (``.3``), or both, as Python
    formats text.

    Attributes:
        text: as it was given.
    """

    text: str
    _parts: tuple[_Part, ...]

    @classmethod
    def parse(cls, text: str, where: str, column: Callable[[str], str]) -> PictureTemplate:
        """Read a template.

        Args:
            text: the template.
            where: the feed, for errors.
            column: gives the column of the feed with a name.

        Raises:
            FeedError: it names no value, or has anything else in braces.
        """
        parts = []
        try:
            for before, field, form, conversion in string.Formatter().parse(text):
                if field is None:
                    parts.append(_Part(before, None, slice(None), ""))
                    continue
                found = _FIELD.fullmatch(field)
                if found is None or conversion or not _FORMAT.fullmatch(form or ""):
                    raise ValueError
                start, end = found["start"], found["end"]
                cut = slice(int(start) if start else None, int(end) if end else None)
                parts.append(_Part(before, found["name"] and column(found["name"]), cut, form or ""))
        except ValueError:
            raise FeedError(f"image template {text!r} is not understood", where=where, hint=_HINT) from None
        if all(part.name is None for part in parts):
            raise FeedError(f"image template {text!r} names no value", where=where, hint=_HINT)
        return cls(text, tuple(parts))

    @property
    def columns(self) -> Sequence[str]:
        """The names of columns in it, without that of the picture."""
        return tuple(dict.fromkeys(part.name for part in self._parts if part.name))

    @property
    def uses_picture(self) -> bool:
        """Whether it has braces without a name."""
        return any(part.name == "" for part in self._parts)

    def path(self, picture: str, value: Callable[[str], str]) -> str:
        """The path.

        Args:
            picture: what stands for braces without a name.
            value: the text of a column.

        Raises:
            RowRefused: one of the columns is empty.
        """
        pieces = []
        for part in self._parts:
            pieces.append(part.text)
            if part.name is None:
                continue
            text = value(part.name) if part.name else picture
            if not text:
                raise RowRefused(
                    f"{part.name} is empty, which names the picture", hint="Fill it, or change the template"
                )
            pieces.append(format(text[part.cut], part.form))
        return "".join(pieces)
