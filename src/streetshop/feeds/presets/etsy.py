"""Etsy: a row for each listing, with numbered pictures and the values of up to three variations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from streetshop.core.errors import RowRefused
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, Sheet
from streetshop.feeds.values import Values
from streetshop.feeds.words import fold

_MAX_ID = 200


def _open(sheet: Sheet) -> Read:
    code = sheet.column("sku") or "sku"
    variations = [
        (sheet.column(f"variation{n}name", f"variation{n}type"), sheet.column(f"variation{n}values")) for n in (1, 2, 3)
    ]
    dropped = sheet.columns(*(f"variation{n}{part}" for n in (1, 2, 3) for part in ("type", "name", "values")))

    def read() -> Iterator[Found]:
        for number, row in sheet:
            if isinstance(row, RowRefused):
                yield number, row
                continue
            found = {str(row.get(name) or ""): str(row.get(values) or "") for name, values in variations if values}
            options = {name.strip(): values for name, values in found.items() if name.strip() and values.strip()}
            values: Values = {column: value for column, value in row.items() if column not in dropped}
            values[code] = listing_id(sheet.text(row, "sku"), sheet.text(row, "title"))
            yield number, sheet.with_options(values, options)

    return read


def listing_id(code: str, title: str) -> str:
    """The SKUs of a listing; of one without any, words of its title, as an export has no other id."""
    if code and len(code) <= _MAX_ID:
        return code
    words = "-".join(re.findall(r"\w+", fold(title)))
    return words if len(words) <= _MAX_ID else f"{words[:_MAX_ID]}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"


PRESET = Preset(
    "etsy",
    "Etsy",
    marks("title currencycode image1", "title image1 variation1type", "title image1 variation1name"),
    {"id": ("sku",), "title": ("title",), "image": ("image1",)},
    _open,
    decimal=".",
)
