"""Readers: what turns a photo into a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import Box, paint_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks.boxes import kinds_in_box, kinds_of_overlap
from streetshop.looks.detections import garments_of
from streetshop.looks.parse import parse
from streetshop.looks.rules import Rules
from streetshop.models.detector import DetectorNetwork
from streetshop.models.folder import read_spec
from streetshop.models.framing import FramingHead, framing_head
from streetshop.models.reader import DEFAULT_READER, ReaderNetwork
from streetshop.models.spec import DetectorSpec

NO_READER: Final = "none"
"""Given to :func:`load_reader` instead of a folder: each photo is taken whole."""
PHOTO_SIDE: Final = 640
"""Least shorter side, in pixels, to which photos are decoded for a reader: in serving, calibration and measuring."""
WHOLE_PHOTO: Final = "garment"
"""Category of a garment that no reader has named: a whole photo, or a box drawn by hand."""


class Reader(Protocol):
    """Turns photos into looks."""

    @property
    def name(self) -> str | None:
        """``name version``; None when photos are taken whole."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart; the first is the background."""

    @property
    def photo_side(self) -> int:
        """Least shorter side, in pixels, of the photos it reads."""

    @property
    def sees_persons(self) -> bool:
        """Whether it finds persons; where it does not, that a look has none says nothing."""

    def read(self, photo: Photo) -> Look:
        """Find the garments and persons in ``photo``; boxes are in the frame of the upright original."""
        ...

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """Return the (height, width) index in ``classes`` of each pixel of the upright original."""
        ...

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        """Return the probability of each kind for what each box holds; empty where nothing names it."""
        ...


class OnnxReader(ReaderNetwork):
    """A reader bundle: its network, and the rules that make garments and persons of what the network says.

    Args:
        folder: of the bundle.
        threads: of one run of the network; None for one per core.
        framing: the head that tells view and full shot; by default the shipped one if it is made for this network.
            None leaves that to a rule on the keypoints.

    Raises:
        BundleError: a bundle is missing, damaged or of another kind.
    """

    photo_side = PHOTO_SIDE
    sees_persons = True

    def __init__(
        self, folder: Path, *, threads: int | None = None, framing: FramingHead | Literal["shipped"] | None = "shipped"
    ) -> None:
        super().__init__(folder, threads=threads)
        network = self.spec.files[self.spec.model]
        self.framing = framing_head(network) if framing == "shipped" else framing

    def read(self, photo: Photo) -> Look:
        """Find the garments and persons in ``photo``; boxes are in the frame of the upright original.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        found = parse(self.see(photo), Rules.from_spec(self.spec), self.framing)
        main = found.persons[0] if found.persons else None
        return Look(
            photo.width,
            photo.height,
            found.garments,
            found.persons,
            self.name,
            found.full_shot,
            found.view,
            main.full_shot_probability if main else None,
            found.view_probabilities,
        )

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        """Return the probability of each kind for what each box holds, see :func:`streetshop.looks.boxes.kinds_in_box`.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        reading, rules = self.see(photo), Rules.from_spec(self.spec)
        parsed = parse(reading, rules)
        return tuple(kinds_in_box(box, reading, parsed, rules) for box in boxes)


class DetectorReader(DetectorNetwork):
    """A detector bundle as a reader: garments, but no persons; so view and full shot are unknown."""

    photo_side = PHOTO_SIDE
    sees_persons = False

    @property
    def classes(self) -> tuple[str, ...]:
        """``background``, then the classes of the detector."""
        return ("background", *self.spec.classes)

    def read(self, photo: Photo) -> Look:
        """Find the garments in ``photo``; boxes are in the frame of the upright original.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        garments = garments_of(self.detect(photo), self.spec, photo.width, photo.height)
        return Look(photo.width, photo.height, garments, (), self.name)

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """Return the (height, width) class of each pixel: of the most confident mask over it, or box without a mask.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        found = np.zeros((photo.height, photo.width), np.uint8)
        for garment in reversed(self.read(photo).garments):
            mask = np.ones((1, 1), np.bool_) if garment.mask is None else garment.mask
            where = paint_mask(mask, garment.box, photo.width, photo.height)
            found[where] = self.classes.index(garment.category)
        return found

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        """Return the kinds of the garment that overlaps each box most; empty where none does by an IoU of 0.5.

        Raises:
            BundleDamaged: the outputs of the network do not fit the bundle.
        """
        garments = self.read(photo).garments
        return tuple(kinds_of_overlap(box, garments) or {} for box in boxes)


class WholePhotoReader:
    """Takes each photo as one garment, without looking at it."""

    name = None
    classes = ("background", WHOLE_PHOTO)
    photo_side = 0
    sees_persons = False

    def read(self, photo: Photo) -> Look:
        """Return the whole photo as one garment."""
        return Look(photo.width, photo.height, (whole_photo(photo),))

    def pixel_classes(self, photo: Photo) -> NDArray[np.uint8]:
        """Return ones: every pixel is of the garment."""
        return np.ones((photo.height, photo.width), np.uint8)

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        """Return nothing for each box: nothing names it."""
        return ({},) * len(boxes)


def load_reader(folder: Path | str | None = None, *, threads: int | None = None) -> Reader:
    """Load and verify a reader.

    Args:
        folder: the bundle, of a reader or a detector; None for the one shipped in the package; ``none`` for a
            :class:`WholePhotoReader`.
        threads: of one run of the network; None for one per core.

    Raises:
        BundleError: the bundle cannot be used.
    """
    if folder is not None and str(folder) == NO_READER:
        return WholePhotoReader()
    path = DEFAULT_READER if folder is None else Path(folder)
    if isinstance(read_spec(path), DetectorSpec):
        return DetectorReader(path, threads=threads)
    return OnnxReader(path, threads=threads)


def whole_photo(photo: Photo) -> Garment:
    """Return the whole photo as one garment, its hotspot in the middle."""
    return boxed_garment(Box(0.0, 0.0, float(photo.width), float(photo.height)))


def boxed_garment(box: Box) -> Garment:
    """Return a box drawn by hand as a garment of category ``"garment"``, score 1, its hotspot in the middle."""
    return Garment(WHOLE_PHOTO, 1.0, box, box.center)
