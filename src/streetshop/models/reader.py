"""The network of a reader bundle: a photo to class probabilities, keypoint heatmaps and names of articles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import BundleDamaged
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.core.photo import Photo
from streetshop.models.folder import SHIPPED, SPEC_FILE, open_bundle
from streetshop.models.preprocessing import reader_input
from streetshop.models.session import start_session
from streetshop.models.spec import ReaderSpec

DEFAULT_READER: Final = SHIPPED / "reader"
"""The reader shipped in the package."""
RASTER_STEP: Final = 2
"""Input pixels per pixel of :attr:`Reading.probabilities`, along each side."""

_Part = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a raster, from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network says, on rasters stretched over the whole photo.

    Attributes:
        probabilities: (classes, h, w) float32, summing to one over the classes.
        heat: (17, h', w') float32 from 0 to 1, heatmaps of the COCO keypoints; None from a reader without them.
        width, height: of the photo in pixels.
        articles: (garments, h", w") float32, whose mean over an article that nobody wears is the logits of its
            category; None from a reader without them.
        features: (channels, h', w') float32, a map of the backbone; None from a reader without them.
    """

    probabilities: NDArray[np.float32]
    heat: NDArray[np.float32] | None
    width: int
    height: int
    articles: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None


class ReaderNetwork:
    """A reader bundle on ONNX Runtime. Calls are safe from several threads.

    Attributes:
        folder: where the bundle is.
        spec: its ``bundle.json``.
        name: ``name version``.
        classes: names of the classes; the first is the background.

    Raises:
        BundleError: the bundle is missing, damaged or of another kind.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        spec = open_bundle(folder, ReaderSpec)
        self.folder, self.spec = folder, spec
        self.name = f"{spec.name} {spec.version}"
        self.classes = spec.classes
        self._session = start_session(folder / spec.model, threads)
        optional = {"keypoints": spec.keypoints, "articles": spec.articles, "features": spec.features > 0}
        self._outputs = ["classes", *(name for name, present in optional.items() if present)]
        missing = set(self._outputs) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise BundleDamaged(
                f"the network has no output {', '.join(sorted(missing))}",
                where=str(folder / SPEC_FILE),
                hint="Export the bundle again",
            )

    def see(self, photo: Photo) -> Reading:
        """Run the network on a photo.

        Raises:
            BundleDamaged: its outputs do not fit the bundle.
        """
        tensor, (left, top, width, height) = reader_input(photo, self.spec)
        answers = self._session.run(self._outputs, {self._session.get_inputs()[0].name: tensor})
        found = dict(zip(self._outputs, answers, strict=True))
        high, wide = tensor.shape[2:]
        part = (left / wide, top / high, (left + width) / wide, (top + height) / high)
        heat = articles = features = None
        if self.spec.keypoints:
            heat = _sigmoid(_cut(self._checked("keypoints", found, len(COCO_KEYPOINTS)), part))
        if self.spec.articles:
            articles = _cut(self._checked("articles", found, len(self.spec.garments)), part)
        if self.spec.features:
            features = _cut(self._checked("features", found, self.spec.features), part)
        planes = self._checked("classes", found, len(self.classes))
        raster = (max(width // RASTER_STEP, 1), max(height // RASTER_STEP, 1))
        planes = _resample(planes, raster, part)
        probabilities = planes if self.spec.probabilities else _softmax(planes)
        return Reading(probabilities, heat, photo.width, photo.height, articles, features)

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """Return the class of each pixel: the probabilities enlarged bilinearly, the largest taken.

        Returns:
            (height, width) uint8 index in ``classes`` of each pixel of the upright original.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        size = (photo.width, photo.height)
        best = np.full(size[::-1], -1.0, np.float32)
        found = np.zeros(size[::-1], np.uint8)
        for index, plane in enumerate(self.see(photo).probabilities):
            enlarged = np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
            better = enlarged > best
            best[better], found[better] = enlarged[better], index
        return found

    def _checked(self, name: str, answers: dict[str, NDArray[np.float32]], channels: int) -> NDArray[np.float32]:
        """(channels, h, w) of an output. Raises :class:`BundleDamaged`."""
        answer = answers[name]
        if answer.ndim != 4 or answer.shape[1] != channels or not np.isfinite(answer).all():
            raise BundleDamaged(
                f"output {name} has shape {answer.shape} or holds NaN or infinity; expected (1, {channels}, h, w)",
                where=str(self.folder),
                hint="Export the bundle again",
            )
        planes: NDArray[np.float32] = answer[0]
        return planes


def _resample(planes: NDArray[np.float32], size: tuple[int, int], part: _Part) -> NDArray[np.float32]:
    """A part of each of (n, h, w) planes, bilinearly, as (n, height, width) for ``size`` (width, height)."""
    height, width = planes.shape[1:]
    if size == (width, height) and part == (0, 0, 1, 1):
        return planes
    region = (part[0] * width, part[1] * height, part[2] * width, part[3] * height)
    made = [Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=region) for plane in planes]
    return np.stack([np.asarray(image) for image in made])


def _cut(planes: NDArray[np.float32], part: _Part) -> NDArray[np.float32]:
    """A part of each of (n, h, w) planes, at about its own size."""
    if part == (0, 0, 1, 1):
        return planes
    height, width = planes.shape[1:]
    size = (max(round((part[2] - part[0]) * width), 1), max(round((part[3] - part[1]) * height), 1))
    return _resample(planes, size, part)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the first axis."""
    powers: NDArray[np.float32] = logits - logits.max(axis=0)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=0)
    return powers


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    value: NDArray[np.float32] = np.float32(1) / (np.float32(1) + np.exp(-np.clip(logits, -30, 30)))
    return value
