"""Pictures of product pages in drawn squares, and a reader that knows persons in them by the ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Look, Person
from tests.catalog.filled import square
from tests.looks.poses import pose
from tests.web.kinds_shop import kinds_reader
from tests.web.serving import BandReader

GROUNDS = {"front": 190, "back": 165, "half": 140, "article": 115, "two": 90}
"""Grey of the ground by what the picture shows; ``half`` is a front without ankles, ``two`` are two people."""


class PageReader(BandReader):
    """Reads bands as garments of kinds (a top, a skirt or dress, a hat) and the ground as the view."""

    name = "pages 1"

    def __init__(self) -> None:
        super().__init__(kinds_reader().kinds)

    def read(self, photo: Photo) -> Look:
        look = super().read(photo)
        shown = min(GROUNDS, key=lambda name: abs(GROUNDS[name] - int(photo.pixels[0, 0, 0])))
        if shown == "article":
            return replace(look, full_shot=False)
        whole = Box(0, 0, photo.width, photo.height)
        points = pose(left_ankle=(0, 0, 0)) if shown == "half" else pose()
        persons = (Person(whole, points),) * (2 if shown == "two" else 1)
        garments = tuple(
            replace(garment, person=min(number, len(persons) - 1)) for number, garment in enumerate(look.garments)
        )
        view = "back" if shown == "back" else "front"
        return replace(look, garments=garments, persons=persons, full_shot=shown != "half", view=view)


def worn(shown: str = "front", *colours: str, scale: int = 1) -> np.ndarray:
    """(150 n, 240, 3) times ``scale``: squares of some colours below each other, by default a red above a blue one."""
    colours = colours or ("red", "blue")
    pixels = np.full((150 * len(colours), 240, 3), GROUNDS[shown], np.uint8)
    for number, colour in enumerate(colours):
        pixels[150 * number + 25 : 150 * number + 125, 70:170] = square(colour, side=100)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
