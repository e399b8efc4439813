"""Where the marker of a garment belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streetshop.core.geometry import Box, Keypoint, Mask, point_inside
from streetshop.looks.pose import INDEX

_LEGS: Final = (("left_knee", "left_hip"), ("right_knee", "right_hip"))


def hotspot(mask: Mask, box: Box, points: Sequence[Keypoint], *, on_leg: bool) -> tuple[float, float]:
    """Return the point where a garment's marker belongs; it always lies on the garment.

    On a leg, it is a quarter of the way from knee to hip, on the leg that is more visible (method 3); else the middle
    of the box. If that is not on the garment, a point well inside it is taken.

    Args:
        mask: of the garment, a raster stretched over ``box``.
        box: of the garment, in pixels of the photo.
        points: keypoints of the person who wears it; may be empty.
        on_leg: whether the garment's marker belongs on a leg, see ``ClassRules.on_leg``.

    Returns:
        (x, y) in pixels of the photo.
    """
    wanted = box.center
    if on_leg and points:
        legs = [(points[INDEX[knee]], points[INDEX[hip]]) for knee, hip in _LEGS]
        knee, hip = max(legs, key=lambda leg: min((p.visibility, p.score) for p in leg))
        if knee.visibility and hip.visibility:
            wanted = (knee.x + (hip.x - knee.x) / 4, knee.y + (hip.y - knee.y) / 4)
    sx, sy = mask.shape[1] / box.width, mask.shape[0] / box.height
    column, row = int((wanted[0] - box.x0) * sx), int((wanted[1] - box.y0) * sy)
    if box.contains(*wanted) and mask[min(row, mask.shape[0] - 1), min(column, mask.shape[1] - 1)]:
        return wanted
    x, y = point_inside(mask)
    return box.x0 + x / sx, box.y0 + y / sy
