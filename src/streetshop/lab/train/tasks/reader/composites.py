"""Composites: a garment of one labelled photo on the person of another, so that rare things are seen on many people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.classes import INDEX
from streetshop.lab.data.labelled_photos import LabelledPhoto

_FACE: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_SHOULDERS: Final = ("left_shoulder", "right_shoulder")
_HIPS: Final = ("left_hip", "right_hip")
_KNEES: Final = ("left_knee", "right_knee")
_ANKLES: Final = ("left_ankle", "right_ankle")

ANCHORS: Final[Mapping[str, tuple[str, ...]]] = {
    "outerwear": (*_SHOULDERS, *_HIPS),
    "shorts": (*_HIPS, *_KNEES),
    "skirt": (*_HIPS, *_KNEES),
    "dress": (*_SHOULDERS, *_HIPS, *_KNEES),
    "footwear": (*_KNEES, *_ANKLES),
    "bag": (*_SHOULDERS, *_HIPS),
    "hat": (*_FACE, *_SHOULDERS),
    "scarf": ("nose", *_SHOULDERS),
    "legwear": (*_HIPS, *_KNEES, *_ANKLES),
}
"""Classes that are put on others, and the keypoints by which they are."""
_PLACES: Final = {INDEX[name]: [COCO_KEYPOINTS.index(point) for point in points] for name, points in ANCHORS.items()}
_LEAST_PIXELS: Final = 40
_SCALES: Final = (0.4, 2.5)
"""Garments that would shrink or grow more are left where they are."""
_FARTHEST: Final = 0.35
"""Largest distance of a moved keypoint from its goal, over the spread of the goals: other poses are passed over."""
_TINTS: Final = (0.75, 1.3)
"""Factors of each colour channel: the garment in another dye."""


class Wardrobe:
    """The garments of labelled photos, and which photos have one of each class."""

    def __init__(self, samples: Sequence[LabelledPhoto]) -> None:
        self.donors: dict[int, list[LabelledPhoto]] = {}
        for sample in samples:
            if sample.labels is None or sample.points is None:
                continue
            counts = np.bincount(sample.labels.ravel(), minlength=256)
            for index in _PLACES:
                if counts[index] >= _LEAST_PIXELS:
                    self.donors.setdefault(index, []).append(sample)
        self.classes = np.asarray(sorted(self.donors))
        rarity = np.asarray([len(self.donors[index]) ** -0.5 for index in self.classes])
        self.chances = rarity / rarity.sum()

    def dress(self, sample: LabelledPhoto, rng: np.random.Generator) -> LabelledPhoto:
        """``sample`` with a garment of another photo put on; ``sample`` itself where nothing fits."""
        if not len(self.classes):
            return sample
        index = int(rng.choice(self.classes, p=self.chances))
        donors = self.donors[index]
        donor = donors[int(rng.integers(len(donors)))]
        return sample if donor is sample else put_on(sample, donor, index, rng)


def put_on(sample: LabelledPhoto, donor: LabelledPhoto, index: int, rng: np.random.Generator) -> LabelledPhoto:
    """Put on ``sample`` what ``donor`` wears of class ``index``.

    Where their poses do not fit, or labels or keypoints of either are unknown, ``sample`` itself is returned.
    The garment is moved, turned and scaled by the similarity that brings the donor's keypoints closest to the
    sample's, and lies on top of everything.
    """
    if sample.labels is None or sample.points is None or donor.labels is None or donor.points is None:
        return sample
    places = [i for i in _PLACES[index] if sample.points[i, 2] == 2 and donor.points[i, 2] == 2]
    moved = similarity(donor.points[places, :2], sample.points[places, :2]) if len(places) > 1 else None
    if moved is None:
        return sample
    back = np.linalg.inv(moved)
    h, w = sample.labels.shape
    worn = Image.fromarray((donor.labels == index).astype(np.uint8) * 255)
    data = tuple(back[:2].ravel())
    cover = (
        np.asarray(worn.transform((w, h), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR), np.float32) / 255
    )
    if (cover > 0.5).sum() < _LEAST_PIXELS:
        return sample
    cloth = Image.fromarray(donor.pixels).transform((w, h), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    low, high = np.log(_TINTS)
    dyed = np.asarray(cloth, np.float32) * np.exp(rng.uniform(low, high, 3)).astype(np.float32)
    share = cover[..., None]
    pixels = (sample.pixels * (1 - share) + dyed.clip(0, 255) * share + 0.5).astype(np.uint8)
    labels = np.where(cover > 0.5, np.uint8(index), sample.labels)
    return replace(sample, pixels=pixels, labels=labels, allowed=tuple(sorted({*sample.allowed, index})))


def similarity(points: NDArray[np.floating], goals: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """Fit a similarity (shift, rotation, scale, no mirror image) of ``points`` (n, 2) to ``goals`` (n, 2).

    Returns:
        (3, 3) matrix, best in least squares; None where it does not fit well (see :data:`_FARTHEST`) or changes the
        size too much.
    """
    first = points[:, 0] + 1j * points[:, 1].astype(np.float64)
    second = goals[:, 0] + 1j * goals[:, 1].astype(np.float64)
    a, b = first - first.mean(), second - second.mean()
    spread = float(np.vdot(a, a).real)
    if spread < 1:
        return None
    # In the complex plane a similarity is one multiplication: z -> factor * z + shift.
    factor = complex(np.vdot(a, b) / spread)
    reach = float(np.abs(b).max())
    if not _SCALES[0] <= abs(factor) <= _SCALES[1] or np.abs(factor * a - b).max() > _FARTHEST * reach:
        return None
    shift = second.mean() - factor * first.mean()
    return np.asarray(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0.0, 0.0, 1.0]]
    )
