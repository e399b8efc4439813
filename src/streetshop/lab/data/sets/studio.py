"""Data sets drawn by :mod:`streetshop.studio`, whose ``manifest.parquet`` has more columns than a manifest."""

from __future__ import annotations

import json
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.masks import runs_text
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tables import find

LICENCE: Final = "Drawn by streetshop; yours to use"
_COLUMNS: Final = (
    "image", "product_id", "domain", "category", "split", "box", "view", "attributes", "shot", "full_shot", "main",
    "width", "height", "mask", "keypoints",
)  # fmt: skip


def read(intake: Intake) -> None:
    """Add a row per garment that the shop sells, in each picture.

    Attributes gain ``shot``, ``full_shot``, ``main`` (the shop picture shows this product) and ``keypoints`` (17 of x,
    y, visibility). ``group`` is the picture.
    """
    path = find(intake.root, "manifest.parquet", what="the studio's manifest.parquet")
    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise DatasetError(
            f"is no manifest of the studio ({str(error).splitlines()[0]})",
            where=str(path),
            hint="Draw it with `streetshop studio dataset`",
        ) from None
    for number, values in enumerate(row for batch in table.to_batches(4096) for row in batch.to_pylist()):
        where = f"manifest.parquet row {number}"
        intake.offer()
        size = intake.size(values["image"])
        if size is not None and size != (values["width"], values["height"]):
            intake.refuse(where, f"the picture is not of the size its truth is for: {size}")
            continue
        attributes = json.loads(values["attributes"])
        attributes |= {"shot": values["shot"], "full_shot": values["full_shot"], "main": values["main"]}
        if values["keypoints"]:
            flat = [round(v, 2) for v in values["keypoints"]]
            attributes["keypoints"] = [flat[i : i + 3] for i in range(0, len(flat), 3)]
        row = Sample(
            values["image"],
            values["domain"],
            product_id=values["product_id"],
            category=values["category"],
            split=values["split"] or "",
            box=tuple(values["box"]),
            view=values["view"] or ("flat" if values["shot"] == "packshot" else ""),
            attributes=attributes,
            group=values["image"],
            mask=runs_text(values["mask"], values["height"], values["width"]),
        )
        intake.add(row, where)
