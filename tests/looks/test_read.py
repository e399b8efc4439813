"""Photos to looks."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.geometry import Box, paint_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Person
from streetshop.looks import WHOLE_PHOTO, WholePhotoReader, read_look, whole_photo
from tests.core.test_photo import gradient
from tests.looks.fixed import FixedReader
from tests.looks.test_packshot import packshot


@pytest.fixture
def photo() -> Photo:
    return Photo.from_array(np.asarray(gradient(90, 60)))


def test_without_a_reader_the_whole_photo_is_one_garment(photo: Photo) -> None:
    look = read_look(photo, WholePhotoReader())
    assert look.reader is None
    assert len(look.garments) == 1
    assert look.garments[0].box.corners == (0, 0, 90, 60)
    assert look.garments[0].hotspot == (45, 30)


def test_a_reader_that_finds_nothing_leaves_something_to_search_with(photo: Photo) -> None:
    empty = Look(90, 60, (), reader="fixed 1", view="front")
    look = read_look(photo, FixedReader(empty))
    assert look.reader == "fixed 1"
    assert look.view == "front"
    assert look.garments == (whole_photo(photo),)
    dress = Garment("dress", 0.9, Box(10, 10, 30, 50), (20, 30))
    assert read_look(photo, FixedReader(Look(90, 60, (dress,), reader="fixed 1"))).garments == (dress,)


def seen(*garments: Garment, persons: tuple[Person, ...] = ()) -> FixedReader:
    return FixedReader(Look(400, 520, garments, persons, "fixed 1"))


def test_the_reader_names_it_and_the_ground_bounds_it() -> None:
    photo = packshot((100, 150, 300, 400), size=(400, 520))
    scrap = Garment("bag", 0.4, Box(110, 380, 140, 400), (120.0, 390.0), kinds={"bag": 0.7, "hat": 0.3})
    (found,) = read_look(photo, seen(scrap)).garments
    assert (found.category, found.score, found.kinds) == ("bag", 0.4, {"bag": 0.7, "hat": 0.3})
    assert np.abs(np.subtract(found.box.corners, (100, 150, 300, 400))).max() < 5
    x, y = (int(v) for v in found.hotspot)
    assert paint_mask(found.mask, found.box, photo.width, photo.height)[y, x]
    (nameless,) = read_look(photo, seen()).garments
    assert nameless.category == WHOLE_PHOTO
    assert nameless.box == found.box


@pytest.mark.parametrize("who", ["person", "two kinds"])
def test_outfits_are_left_to_the_reader(who: str) -> None:
    photo = packshot((100, 150, 300, 400), size=(400, 520))
    bag = Garment("bag", 0.4, Box(110, 380, 140, 400), (120.0, 390.0))
    top = Garment("top", 0.4, Box(110, 180, 140, 200), (120.0, 190.0))
    persons = (Person(Box(100, 150, 300, 400)),) if who == "person" else ()
    given = (bag,) if persons else (bag, top)
    assert read_look(photo, seen(*given, persons=persons)).garments == given


def test_a_whole_photo_stays_whole_before_a_plain_ground() -> None:
    photo = packshot((100, 150, 300, 400), size=(400, 520))
    assert read_look(photo, WholePhotoReader()).garments == (whole_photo(photo),)


def test_a_whole_article_has_no_view_and_a_cut_one_is_a_detail() -> None:
    reader = FixedReader(Look(400, 520, (), reader="fixed 1", full_shot=False, view="detail"))
    assert read_look(packshot((100, 150, 300, 400), size=(400, 520)), reader).view is None
    assert read_look(packshot((100, 150, 300, 520), size=(400, 520)), reader).view == "detail"
