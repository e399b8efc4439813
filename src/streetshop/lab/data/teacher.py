"""Labels of a teacher model for the reader: keypoints of people, and cut-outs of single garments.

A script without streetshop imports. It runs in a virtual environment of its own with ``mediapipe==0.10.21``
(Apache-2.0; the wheel includes the pose model and requires OpenCV), which needs an older NumPy than the lab::

    python -m venv teacher && teacher/bin/pip install mediapipe==0.10.21
    cd src/streetshop/lab/data
    teacher/bin/python teacher.py keypoints ccp/photos --out keypoints.json
    teacher/bin/python teacher.py cutouts clothing/images --out cutouts

*keypoints*: BlazePose (Bazarevsky et al. 2020) on every photo and its mirror image. A point is written with visibility
0 if the two predictions differ by more than ``AGREE`` of the torso, or if the model's own visibility is low. The output
is ``{"0001.jpg": {"width": w, "height": h, "points": [[x, y, visibility], ...17]}}`` in pixels and COCO's order, with
``"points": null`` for photos without a person.

*cutouts*: GrabCut (Rother, Kolmogorov and Blake 2004), initialised with the border of the picture as background. A PNG
of 0 and 255 per picture; nearly empty and nearly full ones are left out.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Point = Sequence[float]
"""x, y in pixels and visibility."""

AGREE = 0.12
"""Largest distance of the two predictions of a point, as a share of the torso."""
SURE = 0.5
"""Least predicted visibility of a visible point; below ``HIDDEN`` it is dropped."""
HIDDEN = 0.2
COCO_FROM_BLAZE = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
MIRRORED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""Index of each COCO keypoint on the other side."""
CUT_SIDE = 160
"""Longest side at which GrabCut works."""


def read_points(pose: Any, image: Any) -> list[tuple[float, float, float]] | None:
    """17 (x, y, visibility in 0 ... 1) in pixels, or None without a person."""
    found = pose.process(image).pose_landmarks
    if found is None:
        return None
    height, width = image.shape[:2]
    marks = [found.landmark[i] for i in COCO_FROM_BLAZE]
    return [(mark.x * width, mark.y * height, mark.visibility) for mark in marks]


def agreed(points: Sequence[Point], other: Sequence[Point], width: int, height: int) -> list[list[float]]:
    """Mean of both predictions with COCO visibility: 2 visible, 1 hidden, 0 unsure or outside."""
    middle = [((points[a][0] + points[b][0]) / 2, (points[a][1] + points[b][1]) / 2) for a, b in ((5, 6), (11, 12))]
    torso = math.dist(*middle)
    result = []
    for (x, y, seen), (u, v, seen_too) in zip(points, other, strict=True):
        x, y, near = (x + u) / 2, (y + v) / 2, math.dist((x, y), (u, v)) <= AGREE * torso
        sure = min(seen, seen_too)
        inside = 0 <= x < width and 0 <= y < height
        visibility = 0 if not (near and inside) or sure < HIDDEN else 2 if sure >= SURE else 1
        result.append([round(x, 1), round(y, 1), visibility])
    return result


def keypoints(photos: Path, out: Path) -> None:
    """Write the keypoints of all photos of a folder."""
    import cv2
    import mediapipe

    found, paths = {}, sorted(photos.glob("*.jpg"))
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as pose:
        for number, path in enumerate(paths, 1):
            read: Any = cv2.imread(str(path))
            image = cv2.cvtColor(read, cv2.COLOR_BGR2RGB)
            height, width = image.shape[:2]
            points = read_points(pose, image)
            mirror = read_points(pose, image[:, ::-1].copy()) if points else None
            if mirror:
                other = [(width - mirror[i][0], *mirror[i][1:]) for i in MIRRORED]
            sure = agreed(points, other, width, height) if points and mirror else None
            found[path.name] = {"width": width, "height": height, "points": sure}
            if number % 100 == 0 or number == len(paths):
                print(f"keypoints of {number} of {len(paths)} photos", file=sys.stderr, flush=True)
    partial = out.with_name(out.name + ".part")
    partial.write_text(json.dumps(found))
    partial.replace(out)


def cut_out(image: Any) -> Any:
    """(h, w) mask of 0 and 255 of what differs from the picture's border, or None."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    scale = CUT_SIDE / max(height, width)
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    edge = max(round(0.03 * min(h, w)), 2)
    mask = np.full((h, w), cv2.GC_PR_BGD, np.uint8)
    mask[round(0.1 * h) : round(0.9 * h), round(0.1 * w) : round(0.9 * w)] = cv2.GC_PR_FGD
    mask[:edge] = mask[-edge:] = mask[:, :edge] = mask[:, -edge:] = cv2.GC_BGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    nowhere: Any = None  # the rectangle, which a mask makes needless
    cv2.grabCut(small, mask, nowhere, *models, 4, cv2.GC_INIT_WITH_MASK)
    garment = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    garment = cv2.morphologyEx(garment, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(garment)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(parts, 1 + np.flatnonzero(areas >= 0.2 * areas.max()))
    holes, inverse, stats, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8))
    for i in range(1, holes):
        if stats[i, cv2.CC_STAT_AREA] < 0.02 * h * w:
            kept |= inverse == i
    if not 0.06 <= kept.mean() <= 0.75:
        return None
    return cv2.resize(kept.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_NEAREST)


def cutouts(images: Path, out: Path) -> None:
    """Write the cut-outs of all pictures of a folder."""
    import cv2

    out.mkdir(parents=True, exist_ok=True)
    paths, made = sorted(images.glob("*.jpg")), 0
    for number, path in enumerate(paths, 1):
        image = cv2.imread(str(path))
        mask = cut_out(image) if image is not None else None
        if mask is not None:
            cv2.imwrite(str(out / f"{path.stem}.png"), mask)
            made += 1
        if number % 500 == 0 or number == len(paths):
            print(f"{made} cut-outs of {number} pictures", file=sys.stderr, flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Teacher labels for the reader; see the head of this file.")
    parser.add_argument("what", choices=["keypoints", "cutouts"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    {"keypoints": keypoints, "cutouts": cutouts}[arguments.what](arguments.folder, arguments.out)


if __name__ == "__main__":
    main()
