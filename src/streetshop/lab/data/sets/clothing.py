"""Clothing dataset (Grigorev 2020): garments lying, hanging or worn, photographed by volunteers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from streetshop.core.errors import DatasetError
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.splits import Split, drawn_split
from streetshop.lab.data.tables import find, read_lines

LICENCE: Final = "CC0"
UNSURE: Final = frozenset({"Not sure", "Skip"})
"""Labels of photos whose garment is not named."""
HAND_LABELS: Final = Path(__file__).with_name("hand_labels.csv")
"""Kind, colour and pattern of every photo, named by eye."""
_COLUMNS: Final = ("image", "sender_id", "label", "kids")


def read(intake: Intake) -> None:
    """Add ``street`` rows; ``group`` is the sender, whose photos share a room and a floor.

    There are no product ids.
    """
    path = find(intake.root, "images.csv", what="images.csv")
    rows = csv.DictReader(read_lines(path))
    if tuple(rows.fieldnames or ()) != _COLUMNS:
        raise DatasetError("line 1 names other columns", where=str(path), hint=f"Expected {','.join(_COLUMNS)}")
    for values in rows:
        where = f"images.csv:{rows.line_num}"
        intake.offer()
        if None in values or any(values[c] is None for c in _COLUMNS) or not values["image"]:
            intake.refuse(where, "malformed line: expected four fields")
            continue
        label = values["label"]
        image = f"images/{values['image']}.jpg"
        if label in UNSURE and intake.size(image) is not None:
            intake.remark(where, f"the label names no garment, kept without category: {label}")
        row = Sample(
            image,
            "street",
            category="" if label in UNSURE else label,
            attributes={"kids": values["kids"] == "True"},
            group=values["sender_id"],
        )
        intake.add(row, where)


def sender_split(sender: str) -> Split:
    """The split of a sender's photos, which share a room and a floor."""
    return drawn_split(f"sender/{sender}")


def read_hand_labels(path: Path = HAND_LABELS) -> dict[str, dict[str, str]]:
    """``kind``, ``colour`` and ``pattern`` by the photo's name; ``""`` where it is unknown."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("image"): row for row in csv.DictReader(file)}
