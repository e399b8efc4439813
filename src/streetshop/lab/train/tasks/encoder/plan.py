"""Which views of which garments are learned from."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import Form

View = tuple[Sample, Form, int]


def plan_views(items: Sequence[Sample]) -> list[View]:
    """Views of the garments to learn from; held-back ones are passed over.

    Photos take turns, for the time the backbone needs; then come drawings, and single garments as a shop shows them.
    """
    items = [item for item in items if item.split == "train"]
    learned = [view for turn in range(3) for item in items for view in _learned(item, turn)]
    drawn = [(item, _drawn(item), 0) for item in items if item.source == "studio"]
    return [*learned, *drawn, *(view for item in items for view in _shown(item))]


def _learned(item: Sample, turn: int) -> list[View]:
    """What one turn draws of a garment."""
    if item.source == "studio":
        return []
    if item.source == "ccp":
        forms: tuple[Form, ...] = ("box", "mask")
    else:
        forms = ("whole", "mask" if item.mask else "lit")
        if item.mask is None or item.pattern:
            forms = (*forms, "cloth" if item.mask else "lit")
    return [(item, forms[turn], turn)] if turn < len(forms) else []


def _shown(item: Sample) -> list[View]:
    """A single garment that can be cut out, as a shop would show it: handed over without a reader, and with one."""
    if item.source != "clothing" or item.mask is None:
        return []
    return [(item, "packshot", 3), (item, "cutout", 3)]


def _drawn(item: Sample) -> Form:
    """Every other drawing with its mask, the others as they are handed over without a reader."""
    if zlib.crc32(item.image.encode()) % 2:
        return "mask"
    return "whole" if item.image.endswith("-packshot.jpg") else "box"
