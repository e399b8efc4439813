"""What a box holds that was drawn by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from streetshop.core.geometry import Box
from streetshop.core.records import Garment
from streetshop.looks.parse import Parsed
from streetshop.looks.rules import Rules
from streetshop.models.reader import Reading

_SAME: Final = 0.5
"""Least IoU of a box and a garment that are one thing."""
_LEAST: Final = 0.2
"""Least probability of all garment classes together, on average inside a box, from which it is named."""


def kinds_in_box(box: Box, reading: Reading, parsed: Parsed, rules: Rules) -> Mapping[str, float]:
    """The probability of each garment class for what a box holds; empty when it holds hardly any garment.

    They are those of the garment that overlaps the box most, from an IoU of 0.5 on. Otherwise they are the share of
    each class in what the network says of the pixels inside.

    Args:
        box: in pixels of the photo.
        reading: of the photo.
        parsed: its garments.
        rules: of the reader.
    """
    if (overlapping := kinds_of_overlap(box, parsed.garments)) is not None:
        return overlapping
    height, width = reading.probabilities.shape[1:]
    rows, columns = box.scale(width / reading.width, height / reading.height).slices()
    inside = reading.probabilities[:, rows, columns]
    if not inside.size:
        return {}
    means = {name: float(inside[rules.index(name)].mean()) for name in rules.garments}
    total = sum(means.values())
    return {name: mean / total for name, mean in means.items()} if total >= _LEAST else {}


def kinds_of_overlap(box: Box, garments: Sequence[Garment]) -> Mapping[str, float] | None:
    """The kinds of the garment that overlaps a box most, from an IoU of 0.5 on; None where none does."""
    best = max(garments, key=lambda garment: garment.box.iou(box), default=None)
    return best.kinds if best is not None and best.box.iou(box) >= _SAME else None
