"""Persons with keypoints in the pictures of a manifest, cut out as a pose network sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import ManifestError
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample

_ROOM: Final = 1.25
"""How much larger than its box a person's cut-out is."""
_LEAST: Final = 4
"""Least labelled keypoints of a person to learn from."""
SWAPPED: Final = [
    COCO_KEYPOINTS.index(name.replace("left", "right") if name.startswith("left") else name.replace("right", "left"))
    for name in COCO_KEYPOINTS
]
"""The keypoint that each becomes in the mirror image."""


@dataclass(frozen=True, eq=False)
class PosedPerson:
    """One person.

    Attributes:
        row: of the manifest, for the picture.
        points: (17, 3) x, y in pixels of the upright picture, and COCO's visibility.
        center: x, y of the person.
        height: of the cut-out in pixels of the picture.
    """

    row: Sample
    points: NDArray[np.float64]
    center: tuple[float, float]
    height: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to a cut-out: ``scale`` 1 keeps its size, ``angle`` is in degrees."""

    scale: float = 1.0
    angle: float = 0.0
    flip: bool = False


def persons_of(manifest: Manifest, size: tuple[int, int]) -> list[PosedPerson]:
    """The persons of all rows, each once.

    The box of a person is that of its labelled keypoints, enlarged to the ratio of ``size``.

    Args:
        manifest: rows whose attributes hold ``keypoints``, 17 of x, y and visibility.
        size: (height, width) of the network's input.

    Raises:
        ManifestError: no row has keypoints, or some are of another shape.
    """
    found: dict[tuple[str, bytes], PosedPerson] = {}
    for row in manifest:
        value = row.attributes.get("keypoints")
        if not value:
            continue
        points = np.asarray(value, np.float64)
        if points.shape != (len(COCO_KEYPOINTS), 3):
            raise ManifestError(
                f"keypoints of shape {points.shape}", where=row.image, hint="Give 17 of x, y and visibility"
            )
        labelled = points[points[:, 2] > 0, :2]
        if len(labelled) < _LEAST:
            continue
        low, high = labelled.min(axis=0), labelled.max(axis=0)
        width, height = np.maximum(high - low, 1.0)
        side = _ROOM * max(height, width * size[0] / size[1])
        middle = (low + high) / 2
        found.setdefault(
            (row.image, points.tobytes()), PosedPerson(row, points, (float(middle[0]), float(middle[1])), float(side))
        )
    if not found:
        raise ManifestError("no row has keypoints", where=manifest.name or "manifest", hint="Use a studio manifest")
    return list(found.values())


def to_input(person: PosedPerson, size: tuple[int, int], turn: Turn = Turn()) -> NDArray[np.float64]:
    """(2, 3) from pixels of the picture to pixels of the input of ``size`` (height, width)."""
    ratio = size[0] / (person.height * turn.scale)
    angle = math.radians(turn.angle)
    turned = ratio * np.asarray([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    if turn.flip:
        turned[0] *= -1
    shift = np.asarray([size[1] / 2, size[0] / 2]) - turned @ np.asarray(person.center)
    return np.concatenate([turned, shift[:, None]], axis=1)


def cut_out(
    person: PosedPerson, size: tuple[int, int], turn: Turn = Turn(), *, background: tuple[int, int, int] = (127,) * 3
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return what the network sees of a person, and where its keypoints are there.

    Returns:
        (height, width, 3) uint8, and (17, 3) x, y in pixels of the input and visibility.

    Raises:
        PhotoError: the picture cannot be read.
    """
    photo = person.row.load_photo()
    forward = to_input(person, size, turn)
    back = np.linalg.inv(np.concatenate([forward, [[0, 0, 1]]]))[:2]
    image = photo.image().transform(
        (size[1], size[0]),
        Image.Transform.AFFINE,
        tuple(back.ravel()),
        Image.Resampling.BILINEAR,
        fillcolor=background,
    )
    points = person.points.copy()
    points[:, :2] = points[:, :2] @ forward[:, :2].T + forward[:, 2]
    return np.asarray(image), points[SWAPPED] if turn.flip else points


def torso(points: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(persons,) length from the middle of the shoulders to that of the hips; NaN where one is unlabelled."""
    at = np.stack(points)
    corners = [COCO_KEYPOINTS.index(f"{side}_{name}") for name in ("shoulder", "hip") for side in ("left", "right")]
    length = np.linalg.norm(at[:, corners[:2], :2].mean(1) - at[:, corners[2:], :2].mean(1), axis=1)
    known: NDArray[np.float64] = np.where((at[:, corners, 2] > 0).all(1), length, np.nan)
    return known
