"""Kaggle fashion-product-images (Aggarwal 2019)."""

from __future__ import annotations

from typing import Final

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find, read_lines

LICENCE: Final = "Listed as MIT on Kaggle; the pictures come from a retailer's pages: check before commercial use"
COLUMNS: Final = (
    "id",
    "gender",
    "masterCategory",
    "subCategory",
    "articleType",
    "baseColour",
    "season",
    "year",
    "usage",
    "productDisplayName",
)


def read(intake: Intake) -> None:
    """``shop`` rows from styles.csv. The last field holds unquoted commas: everything from the tenth field on is it."""
    path = find(intake.root, "styles.csv", what="styles.csv")
    lines = read_lines(path)
    if not lines or lines[0].strip().split(",")[:10] != list(COLUMNS):
        raise DatasetError("line 1 names other columns", where=str(path), hint=f"Expected {','.join(COLUMNS)}")
    seen: set[str] = set()
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        intake.offer()
        where = f"styles.csv:{number}"
        fields = line.split(",", len(COLUMNS) - 1)
        if len(fields) < len(COLUMNS) or not fields[0].strip().isdigit():
            intake.refuse(where, "malformed line: expected a number and nine more fields")
            continue
        values = dict(zip(COLUMNS, (f.strip().strip('"') for f in fields), strict=True))
        product = values.pop("id")
        if product in seen:
            intake.refuse(where, f"the id was listed before: {product}")
            continue
        seen.add(product)
        row = Sample(
            f"images/{product}.jpg",
            "shop",
            product_id=product,
            category=values["articleType"],
            attributes={name: value for name, value in values.items() if value},
            group=product,
        )
        intake.add(row, where)
