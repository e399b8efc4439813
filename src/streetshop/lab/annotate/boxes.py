"""Photos with boxes, as labelling tools exchange them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streetshop.core.geometry import Box
from streetshop.core.records import Look


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One garment.

    Attributes:
        category: its name.
        box: in pixels of the upright photo.
        score: of a reader; None from a person.
    """

    category: str
    box: Box
    score: float | None = None


@dataclass(frozen=True, slots=True)
class BoxedPhoto:
    """One photo.

    Attributes:
        name: its path, relative to the folder of photos, with ``/``.
        width, height: of the upright photo in pixels.
        boxes: of its garments.
    """

    name: str
    width: int
    height: int
    boxes: tuple[LabelledBox, ...]


def boxed(name: str, look: Look) -> BoxedPhoto:
    """Return what a reader found in a photo as boxes."""
    boxes = tuple(LabelledBox(g.category, g.box, g.score) for g in look.garments) if look.reader else ()
    return BoxedPhoto(name, look.width, look.height, boxes)


@dataclass(frozen=True, slots=True)
class Changes:
    """What people changed in the boxes that a reader proposed.

    Attributes:
        kept: boxes of the same category that overlap by at least half.
        renamed: boxes that overlap by at least half, of another category.
        added: boxes where the reader had found nothing.
        removed: boxes of the reader that are gone.
    """

    kept: int = 0
    renamed: int = 0
    added: int = 0
    removed: int = 0


def count_changes(proposed: Sequence[LabelledBox], corrected: Sequence[LabelledBox], *, same: float = 0.5) -> Changes:
    """Compare the boxes of one photo before and after.

    Pairs are found greedily by overlap; boxes that overlap by less than ``same`` (IoU) are not a pair.
    """
    overlaps = sorted(
        ((a.box.iou(b.box), i, j) for i, a in enumerate(proposed) for j, b in enumerate(corrected)),
        key=lambda pair: -pair[0],
    )
    left, right = set(range(len(proposed))), set(range(len(corrected)))
    kept = renamed = 0
    for overlap, i, j in overlaps:
        if overlap < same or i not in left or j not in right:
            continue
        left.remove(i)
        right.remove(j)
        if proposed[i].category == corrected[j].category:
            kept += 1
        else:
            renamed += 1
    return Changes(kept, renamed, len(right), len(left))


def add_changes(a: Changes, b: Changes) -> Changes:
    """Return the sums."""
    return Changes(a.kept + b.kept, a.renamed + b.renamed, a.added + b.added, a.removed + b.removed)
