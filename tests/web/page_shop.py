"""Pictures of product pages in drawn squares, and a reader that knows persons in them by the ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from streetshop.catalog.looks import StoredLooks
from streetshop.catalog.open import open_catalog
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Look, Person, Product
from streetshop.models import Encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.pages import match_page, prepare_page, read_picture
from streetshop.search.stored_looks import look_row
from tests.catalog.filled import entry, square
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


def store_look(path: Path, encoder: Encoder) -> None:
    """Add a product ``outfit`` with a back and a front picture to a catalog, and its look."""
    pictures = [worn("back"), worn("front")]
    store = open_catalog(str(path))
    store.upsert([entry(encoder, Product("outfit", title="Outfit"), pictures)])
    searcher = Searcher(store, encoder, PageReader())
    photos = [Photo.from_array(each) for each in pictures]
    read = [read_picture(searcher, photo, f"secret/{i}.png") for i, photo in enumerate(photos)]
    page = prepare_page(store, read, "outfit")
    asked = SearchRequest.check(store, encoder.blocks, k=4)
    answer = match_page(searcher, page, encoder.encode(page.prepared, side="shop"), asked)
    product = store.get(["outfit"])[0]
    assert product is not None
    StoredLooks.beside(store.url).put([look_row(answer, product, encoder.fingerprint, "pages 1", "now")])
    store.close()
