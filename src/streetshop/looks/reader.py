"""The reader: the bundle that turns a photo into a look."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.errors import BundleDamaged, BundleError
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.core.photo import Photo
from streetshop.core.records import Look
from streetshop.looks.parse import Reading, Rules, parse
from streetshop.models.folder import SHIPPED, SPEC_FILE, read_spec, start_session, verify_files
from streetshop.models.spec import InputSpec, ReaderSpec

DEFAULT_READER: Final = SHIPPED / "reader"
NO_READER: Final = Path("none")
"""Given instead of a folder: the whole photo stands as one garment."""
RASTER_STEP: Final = 2
"""Input pixels per pixel of the masks, along each side."""


class Reader(Protocol):
    """Turns photos into looks."""

    name: str
    """``name version``."""
    classes: tuple[str, ...]
    """What it tells apart; the first is the background."""

    def read(self, photo: Photo) -> Look:
        """The garments and persons in ``photo``, boxes in the frame of the upright original."""
        ...

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """(height, width) index in ``classes`` of each pixel of the upright original."""
        ...


class OnnxReader:
    """A reader bundle on onnxruntime.

    Attributes:
        spec: its ``bundle.json``.
        folder: where it lies.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        spec = read_spec(folder)
        if not isinstance(spec, ReaderSpec):
            raise BundleError(
                f"this is an {spec.kind} bundle, not a reader",
                where=str(folder),
                hint="Give --reader the folder of a reader",
            )
        verify_files(folder, spec)
        self.folder, self.spec = folder, spec
        self.name = f"{spec.name} {spec.version}"
        self.classes = spec.classes
        self._session = start_session(folder / spec.model, threads)
        optional = {"keypoints": spec.keypoints, "articles": spec.articles}
        self._outputs = ["classes", *(name for name, said in optional.items() if said)]
        missing = set(self._outputs) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise BundleDamaged(
                f"the network has no output {', '.join(sorted(missing))}",
                where=str(folder / SPEC_FILE),
                hint="Export the bundle again",
            )

    def read(self, photo: Photo) -> Look:
        """The garments and persons in ``photo``, boxes in the frame of the upright original.

        Thread-safe. Raises :class:`BundleDamaged` when the network's answer does not fit the bundle.
        """
        rules = Rules(self.classes, self.spec.garments, self.spec.calibration, self.spec.thresholds)
        found = parse(self.see(photo), rules)
        return Look(photo.width, photo.height, found.garments, found.persons, self.name, found.full_shot, found.view)

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """(height, width) index in ``classes`` of each pixel: the probabilities enlarged bilinearly, the largest taken.

        Thread-safe. Raises :class:`BundleDamaged` when the network's answer does not fit the bundle.
        """
        size = (photo.width, photo.height)
        best = np.full(size[::-1], -1.0, np.float32)
        found = np.zeros(size[::-1], np.uint8)
        for index, plane in enumerate(self.see(photo).probabilities):
            enlarged = np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
            better = enlarged > best
            best[better], found[better] = enlarged[better], index
        return found

    def see(self, photo: Photo) -> Reading:
        """What the network says of each pixel, before anything is made of it."""
        tensor, (left, top, width, height) = network_input(photo, self.spec)
        answers = self._session.run(self._outputs, {self._session.get_inputs()[0].name: tensor})
        found = dict(zip(self._outputs, answers, strict=True))
        high, wide = tensor.shape[2:]
        part = (left / wide, top / high, (left + width) / wide, (top + height) / high)
        heat = articles = None
        if self.spec.keypoints:
            heat = _sigmoid(_cut(self._checked("keypoints", found, len(COCO_KEYPOINTS)), part))
        if self.spec.articles:
            articles = _cut(self._checked("articles", found, len(self.spec.garments)), part)
        planes = self._checked("classes", found, len(self.classes))
        raster = (max(width // RASTER_STEP, 1), max(height // RASTER_STEP, 1))
        planes = _resample(planes, raster, part)
        chances = planes if self.spec.probabilities else _softmax(planes)
        return Reading(chances, heat, photo.width, photo.height, articles)

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


def input_size(width: int, height: int, spec: ReaderSpec) -> tuple[int, int]:
    """(width, height) of the network's input for a photo of that size; see ``ReaderSpec.side_step``."""
    if spec.side_step is None:
        return spec.input.width, spec.input.height
    # Beyond 3 : 1 a side would fall under what the network can see in; such a photo is squeezed.
    ratio = min(max(width / height, 1 / 3), 3.0)
    area = spec.input.width * spec.input.height
    sides = (math.sqrt(area * ratio), math.sqrt(area / ratio))
    wide, high = (max(round(side / spec.side_step), 1) * spec.side_step for side in sides)
    return wide, high


def network_input(photo: Photo, spec: ReaderSpec) -> tuple[NDArray[np.float32], tuple[int, int, int, int]]:
    """(1, 3, h, w) float32, centred and scaled, and left, top, width and height of the photo in it, in its pixels."""
    size = input_size(photo.width, photo.height, spec)
    letterbox = spec.side_step is None and spec.input.fit == "letterbox"
    place = _place(photo, size) if letterbox else (0, 0, *size)
    return _tensor(photo, size, place, spec.input), place


def _place(photo: Photo, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of a photo letterboxed into ``size``."""
    ratio = min(size[0] / photo.width, size[1] / photo.height)
    width, height = max(round(photo.width * ratio), 1), max(round(photo.height * ratio), 1)
    return (size[0] - width) // 2, (size[1] - height) // 2, width, height


def _tensor(
    photo: Photo, size: tuple[int, int], place: tuple[int, int, int, int], geometry: InputSpec
) -> NDArray[np.float32]:
    """(1, 3, h, w) float32, centred and scaled."""
    left, top, width, height = place
    image = photo.image().resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if (width, height) != size:
        canvas = Image.new("RGB", size, geometry.background)
        canvas.paste(image, (left, top))
        image = canvas
    tensor = np.asarray(image).transpose(2, 0, 1).astype(np.float32, order="C")[None]
    tensor -= np.asarray(geometry.mean, np.float32)[:, None, None]
    tensor *= 1 / np.asarray(geometry.std, np.float32)[:, None, None]
    return tensor


def _resample(
    planes: NDArray[np.float32], size: tuple[int, int], part: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """(n, h, w) planes: of each the ``part`` (left, top, right, bottom, 0 to 1), bilinearly, as (n, height, width)."""
    height, width = planes.shape[1:]
    if size == (width, height) and part == (0, 0, 1, 1):
        return planes
    region = (part[0] * width, part[1] * height, part[2] * width, part[3] * height)
    made = [Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=region) for plane in planes]
    return np.stack([np.asarray(image) for image in made])


def _cut(planes: NDArray[np.float32], part: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """(n, h, w) planes: of each the ``part``, at about the size it has."""
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


def load_reader(folder: Path | None = None, *, threads: int | None = None) -> Reader | None:
    """Load and verify a reader bundle.

    Args:
        folder: the bundle; None for the one shipped in the package; :data:`NO_READER` for no reader, and then the
            answer is None: a look is the whole photo as one garment, and says so (``Look.reader`` is None).
        threads: of one run of the network; None for one per core.
    """
    return None if folder == NO_READER else OnnxReader(folder or DEFAULT_READER, threads=threads)
