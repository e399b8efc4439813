"""The network of a detector bundle: a photo to boxes, scores, classes and masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import BundleDamaged
from streetshop.core.photo import Photo
from streetshop.models.folder import SPEC_FILE, open_bundle
from streetshop.models.preprocessing import photo_input
from streetshop.models.session import start_session
from streetshop.models.spec import DetectorSpec

_RANKS: Final = {"boxes": 2, "scores": 1, "labels": 1, "masks": 3}
"""Axes of each output."""


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector finds in a photo, by falling score.

    Attributes:
        corners: (n, 4) float64 x0, y0, x1, y1 in pixels of the upright photo, which they may leave.
        scores: (n,) float64, calibrated, from 0 to 1.
        labels: (n,) index of the class.
        masks: (n, h, w) float32 from 0 to 1, each stretched over its box; None from a detector without them.
    """

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]
    labels: NDArray[np.intp]
    masks: NDArray[np.float32] | None


class DetectorNetwork:
    """A detector bundle on ONNX Runtime. Calls are safe from several threads.

    Attributes:
        folder: where the bundle is.
        spec: its ``bundle.json``.
        name: ``name version``.

    Raises:
        BundleError: the bundle is missing, damaged or of another kind.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        spec = open_bundle(folder, DetectorSpec)
        self.folder, self.spec = folder, spec
        self.name = f"{spec.name} {spec.version}"
        self._session = start_session(folder / spec.model, threads)
        self._outputs = ["boxes", "scores", "labels", *(["masks"] if spec.masks else [])]
        missing = set(self._outputs) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise BundleDamaged(
                f"the network has no output {', '.join(sorted(missing))}",
                where=str(folder / SPEC_FILE),
                hint="Export the bundle again",
            )

    def detect(self, photo: Photo) -> Detections:
        """Run the network on a photo.

        Raises:
            BundleDamaged: its outputs do not fit the bundle.
        """
        tensor, place = photo_input(photo, self.spec.input)
        answers = self._session.run(self._outputs, {self._session.get_inputs()[0].name: tensor})
        found = dict(zip(self._outputs, answers, strict=True))
        self._check(found)
        boxes = found["boxes"].astype(np.float64)
        shift = np.asarray([place.left, place.top] * 2, np.float64)
        zoom = np.asarray([photo.width / place.width, photo.height / place.height] * 2, np.float64)
        order = np.argsort(-found["scores"], kind="stable")
        masks = found["masks"][order] if self.spec.masks else None
        scores = self._calibrated(found["scores"].astype(np.float64))
        return Detections(((boxes - shift) * zoom)[order], scores[order], found["labels"].astype(np.intp)[order], masks)

    def _calibrated(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        slope, offset = self.spec.calibration
        clipped = np.clip(scores, 1e-6, 1 - 1e-6)
        value: NDArray[np.float64] = 1 / (1 + np.exp(-(slope * np.log(clipped / (1 - clipped)) + offset)))
        return value

    def _check(self, found: dict[str, NDArray[np.float32]]) -> None:
        """Raises :class:`BundleDamaged`."""
        count = len(found["boxes"]) if found["boxes"].ndim else 0
        for name, value in found.items():
            fits = value.ndim == _RANKS[name] and len(value) == count and bool(np.isfinite(value).all())
            if name == "boxes":
                fits = fits and value.shape[1] == 4
            if name == "labels" and fits:
                fits = not count or 0 <= value.min() <= value.max() < len(self.spec.classes)
            if not fits:
                raise BundleDamaged(
                    f"output {name} has shape {value.shape}, or holds what is no {name}",
                    where=str(self.folder),
                    hint="Export the bundle again",
                )
