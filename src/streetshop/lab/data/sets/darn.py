"""DARN (Huang et al. 2015) as cleaned by Ji et al.: street and shop pictures with nine attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import read_lines

LICENCE: Final = "Research only; the pictures were collected from shops and belong to their owners"
ATTRIBUTES: Final = {
    "category": 20,
    "colour": 56,
    "shape": 10,
    "collar": 25,
    "pattern": 27,
    "sleeve_shape": 16,
    "sleeve_length": 7,
    "button": 12,
    "length": 6,
}
"""Number of values of each attribute, in the order of the files. The files give numbers only; which name belongs to
which column follows from the counts in Table 1 of the paper, all of which differ."""


def read(intake: Intake) -> None:
    """Street and shop rows from ``*_pair.txt``, further shop rows from ``*_shop.txt``; their names say the split."""
    pairs = sorted(intake.root.rglob("*_pair.txt"))
    shops = sorted(intake.root.rglob("*_shop.txt"))
    if not pairs:
        raise DatasetError("*_pair.txt is missing", where=str(intake.root), hint="Give the data set's root folder")
    listed: set[tuple[str, str]] = set()
    for path in (*pairs, *shops):
        width = 12 if path in pairs else 11
        for number, line in enumerate(read_lines(path), start=1):
            where, fields = f"{path.name}:{number}", line.split()
            if not fields:
                continue
            if len(fields) != width:
                intake.offer()
                intake.refuse(where, f"malformed line: expected {width} fields")
                continue
            *images, item = fields[: width - 9]
            attributes = _attributes(fields[width - 9 :], where, intake)
            for image, domain in zip(images, ("street", "shop") if width == 12 else ("shop",), strict=True):
                if (image, item) in listed and domain == "shop":
                    continue  # a shop picture stands in every pair of its product, and in the shop list again
                listed.add((image, item))
                intake.offer()
                _add(intake, image, domain, item, attributes, _split(path), where)


def _add(
    intake: Intake, image: str, domain: str, item: str, attributes: dict[str, Any], split: str, where: str
) -> None:
    category = f"category {attributes['category']}" if "category" in attributes else ""
    row = Sample(
        image.removeprefix("./"),
        domain,
        product_id=item,
        category=category,
        split=split,
        attributes=attributes,
        group=item,
    )
    intake.add(row, where)


def _attributes(fields: list[str], where: str, intake: Intake) -> dict[str, Any]:
    """Value numbers by name; -1 is missing."""
    values: dict[str, Any] = {}
    for (name, count), text in zip(ATTRIBUTES.items(), fields, strict=True):
        try:
            value = int(text)
        except ValueError:
            value = -2
        # Whether values count from 0 or from 1 is not documented: both ends are let through.
        if 0 <= value <= count:
            values[name] = value
        elif value != -1:
            intake.remark(where, f"attribute out of range, left out: {name} {text}")
    return values


def _split(path: Path) -> str:
    return next((split for split in ("train", "val", "test") if split in path.stem.lower()), "")
