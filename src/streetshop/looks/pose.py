"""Keypoints from heatmaps, and what they say about a photo: its view, and whether it is a full shot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import COCO_KEYPOINTS, Keypoint, Mask

INDEX: Final = {name: i for i, name in enumerate(COCO_KEYPOINTS)}
SEEN: Final = 0.25
"""Least height of a peak for a keypoint to be visible."""
HIDDEN: Final = 0.1
"""Least height of a peak for a keypoint to be reported, as hidden."""


def read_keypoints(heat: NDArray[np.float32], where: Mask) -> list[tuple[float, float, float]]:
    """Find the peak of each heatmap on one person.

    Between pixels, the peak is that of the parabola through the logarithms of the peak and its two neighbours (Zhang et
    al. 2020, "Distribution-aware coordinate representation", section 3.2, along each axis).

    Args:
        heat: (17, h, w) from 0 to 1.
        where: (h, w) pixels that belong to the person.

    Returns:
        (x, y, height) of each peak, in heatmap pixels, whose centres are at .5.
    """
    found = []
    for plane in heat:
        masked = np.where(where, plane, 0.0)
        y, x = np.unravel_index(int(masked.argmax()), masked.shape)
        peak = float(masked[y, x])
        dx = _offset(plane[y, max(x - 1, 0)], peak, plane[y, min(x + 1, plane.shape[1] - 1)])
        dy = _offset(plane[max(y - 1, 0), x], peak, plane[min(y + 1, plane.shape[0] - 1), x])
        found.append((float(x) + 0.5 + dx, float(y) + 0.5 + dy, peak))
    return found


def _offset(before: float, peak: float, after: float) -> float:
    left, middle, right = (math.log(max(float(v), 1e-6)) for v in (before, peak, after))
    bend = left - 2 * middle + right
    return max(-0.5, min(0.5, 0.5 * (left - right) / bend)) if bend < -1e-9 else 0.0


def visibility(peak: float) -> int:
    """Return COCO's visibility of a keypoint, 2, 1 or 0, for the height of its peak."""
    return 2 if peak >= SEEN else 1 if peak >= HIDDEN else 0


def is_full_shot(points: Sequence[Keypoint]) -> bool:
    """Return whether both eyes and both ankles are visible (method 3)."""
    return all(points[INDEX[name]].visibility == 2 for name in ("left_eye", "right_eye", "left_ankle", "right_ankle"))


def view_of(points: Sequence[Keypoint]) -> str | None:
    """Return the view of a person.

    In front views the left shoulder is to the right of the right one, in back views to its left. In side views the
    shoulders are less than a third of the torso's length apart, and the nose is to the side that the person faces.

    Returns:
        ``front``, ``back``, ``left`` or ``right`` (where the person faces in the photo), ``detail`` without both
        shoulders; None when the keypoints do not decide.
    """
    at = {name: points[i] for name, i in INDEX.items()}
    shoulders = (at["left_shoulder"], at["right_shoulder"])
    if not all(p.visibility for p in shoulders):
        return "detail"
    across = shoulders[0].x - shoulders[1].x
    hips = [at[name] for name in ("left_hip", "right_hip") if at[name].visibility]
    head = any(at[name].visibility == 2 for name in ("nose", "left_eye", "right_eye"))
    if hips:
        middle = [sum(p.x for p in group) / len(group) for group in (shoulders, hips)]
        lengthwise = [sum(p.y for p in group) / len(group) for group in (shoulders, hips)]
        torso = math.dist((middle[0], lengthwise[0]), (middle[1], lengthwise[1]))
        nose = at["nose"]
        if torso and abs(across) < torso / 3 and nose.visibility == 2:
            turned = nose.x - middle[0]
            if abs(turned) > 0.08 * torso:
                return "left" if turned < 0 else "right"
    if across > 0 and head:
        return "front"
    if across < 0 and not head:
        return "back"
    return None
