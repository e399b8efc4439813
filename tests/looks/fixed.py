"""A reader for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Look
from streetshop.looks import PHOTO_SIDE


class FixedReader:
    """A reader that has read the photo before."""

    name = "fixed 1"
    classes = ("background", "dress", "bag")
    photo_side = PHOTO_SIDE
    sees_persons = True

    def __init__(self, look: Look) -> None:
        self.look = look

    def read(self, photo: Photo) -> Look:
        return self.look

    def pixel_classes(self, photo: Photo) -> np.ndarray:
        classes = np.zeros((photo.height, photo.width), np.uint8)
        for number, garment in enumerate(self.look.garments, 1):
            classes[garment.box.slices()] = number
        return classes

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        return ({},) * len(boxes)
