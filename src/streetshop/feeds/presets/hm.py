"""H&M's public articles.csv, whose pictures lie in folders by the first three digits of their article."""

from __future__ import annotations

from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, Sheet

_DIGITS = 10


def _open(sheet: Sheet) -> Read:
    column = sheet.column("articleid")

    def read() -> Iterator[Found]:
        for number, row in sheet:
            if isinstance(row, RowRefused):
                yield number, row
            else:
                # Programs that read the number as one lose its leading zero.
                yield number, {**row, column: sheet.text(row, "articleid").zfill(_DIGITS)}

    return read


PRESET = Preset(
    "hm",
    "H&M articles.csv",
    marks("articleid productcode prodname"),
    {
        "id": ("articleid",),
        "title": ("prodname",),
        "category": ("producttypename",),
        "design": ("productcode",),
        "color": ("colourgroupname",),
        "image": ("articleid",),
    },
    _open,
    templates=("images/{:.3}/{}.jpg", "images/{:.3}/{}.png", "{:.3}/{}.jpg", "images/{}.jpg", "{}.jpg"),
)
