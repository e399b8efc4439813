"""What a detector finds, to garments."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import GeometryError
from streetshop.core.geometry import Box, Mask
from streetshop.core.records import Garment
from streetshop.looks.hotspots import hotspot, place_of, spread
from streetshop.models.detector import Detections
from streetshop.models.spec import DetectorSpec

_SAME_PLACE: Final = 0.7
"""IoU from which two boxes are of one garment."""


def garments_of(found: Detections, spec: DetectorSpec, width: int, height: int) -> tuple[Garment, ...]:
    """The garments of a photo of ``width`` x ``height``, by falling score.

    Boxes in one place are one garment: it has the class and the score of the most confident one. How probable a kind is
    follows from all of them, those below the threshold of their class too.
    """
    boxes = [_inside(corners, width, height) for corners in found.corners]
    usable = [i for i, box in enumerate(boxes) if box is not None]
    heads: list[tuple[int, list[int]]] = []
    for i in usable:
        for first, others in heads:
            if _iou(boxes[first], boxes[i]) >= _SAME_PLACE:
                others.append(i)
                break
        else:
            heads.append((i, [i]))
    garments = []
    for _, others in heads:
        # A class with a lower threshold than the most confident one's may still be reported.
        sure = [i for i in others if found.scores[i] >= spec.thresholds.get(spec.classes[found.labels[i]], 0.0)]
        box = boxes[sure[0]] if sure else None
        if box is not None:
            garments.append(_garment(found, sure[0], box, others, spec))
    return spread(sorted(garments, key=lambda garment: -garment.score), width, height)


def _garment(found: Detections, index: int, box: Box, together: list[int], spec: DetectorSpec) -> Garment:
    category = spec.classes[found.labels[index]]
    mask = None if found.masks is None else _mask(found.masks[index], found.corners[index], box)
    place = "leg" if category in spec.on_leg else place_of(spec.kinds.get(category, category), ())
    spot = box.center if mask is None else hotspot(mask, box, (), place)
    kinds: dict[str, float] = {}
    for i in together:
        kind = spec.kinds.get(spec.classes[found.labels[i]])
        if kind is not None:
            kinds[kind] = max(kinds.get(kind, 0.0), float(found.scores[i]))
    total = sum(kinds.values())
    shares = {kind: chance / total for kind, chance in kinds.items()} if total > 0 else {}
    return Garment(category, round(float(found.scores[index]), 4), box, spot, mask, None, shares)


def _inside(corners: NDArray[np.float64], width: int, height: int) -> Box | None:
    """The part of a box inside the photo; None where there is none."""
    try:
        return Box(*corners.tolist()).clip(width, height)
    except GeometryError:
        return None


def _iou(one: Box | None, other: Box | None) -> float:
    return 0.0 if one is None or other is None else one.iou(other)


def _mask(chances: NDArray[np.float32], corners: NDArray[np.float64], box: Box) -> Mask | None:
    """The part of a mask over the clipped box; None where nothing is garment: such a mask is worth nothing."""
    height, width = chances.shape
    x0, y0, x1, y1 = corners
    sx, sy = width / (x1 - x0), height / (y1 - y0)
    rows, columns = Box((box.x0 - x0) * sx, (box.y0 - y0) * sy, (box.x1 - x0) * sx, (box.y1 - y0) * sy).slices()
    mask: Mask = chances[rows, columns] >= 0.5
    return mask if mask.any() else None
