"""A person's keypoints, for tests."""

from __future__ import annotations

from streetshop.core.geometry import COCO_KEYPOINTS, Keypoint


def pose(**changed: tuple[float, float, int]) -> tuple[Keypoint, ...]:
    """Someone facing the camera, 200 pixels high; visibility 2 everywhere but as changed."""
    at = {
        "nose": (50, 10),
        "eye": (5, 8),
        "ear": (8, 9),
        "shoulder": (20, 35),
        "elbow": (26, 65),
        "wrist": (28, 90),
        "hip": (12, 100),
        "knee": (12, 145),
        "ankle": (12, 190),
    }
    points = []
    for name in COCO_KEYPOINTS:
        side, _, joint = name.rpartition("_")
        dx, y = at[joint] if side else (0, 10)
        x = 50 + dx if side == "left" else 50 - dx
        points.append(Keypoint(*changed.get(name, (x, y, 2))))
    return tuple(points)
