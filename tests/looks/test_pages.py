"""Which picture of a product page shows the look, and why the others do not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Person
from streetshop.looks import whole_photo
from streetshop.looks.pages import PagePicture, are_related, choose_picture, garment_area, is_of_kind, wearable, why_not
from tests.looks.poses import pose

BOX = Box(20, 40, 80, 190)
TOP = Garment("top", 0.9, BOX, BOX.center, person=0, kinds={"top": 0.9, "outerwear": 0.1})
SKIRT = Garment("skirt", 0.8, BOX, BOX.center, person=0, kinds={"skirt": 0.6, "dress": 0.4})


def photo(seed: int = 0, width: int = 100, height: int = 200) -> Photo:
    """A picture of soft colours that differ from seed to seed."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 4, 3), np.uint8)
    return Photo.from_array(np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)))


def picture(
    view: str | None = "front", *, full: bool = True, seed: int = 0, name: str = "", **more: object
) -> PagePicture:
    """A picture of one person, whose pixels differ from those of another seed."""
    given: dict[str, object] = {
        "garments": (TOP, SKIRT),
        "persons": (Person(BOX, pose()),),
        "width": 100,
        "height": 200,
    }
    given |= more
    look = Look(**given, reader="fixed 1", full_shot=full, view=view)  # type: ignore[arg-type]
    return PagePicture.of(photo(seed, look.width, look.height), look, name or f"{view}-{seed}.jpg")


def test_the_full_shot_from_the_front_is_chosen_and_the_others_have_reasons() -> None:
    no_ankles = picture(full=False, seed=5, persons=(Person(BOX, pose(left_ankle=(62, 190, 1))),))
    no_eyes = picture(full=False, seed=6, persons=(Person(BOX, pose(left_eye=(0, 0, 0), right_ankle=(0, 0, 0))),))
    pictures = [
        picture("back", seed=1),
        picture("left", seed=2),
        picture("front", seed=3),
        picture("detail", full=False, seed=4),
        no_ankles,
        no_eyes,
        picture(None, seed=7),
        picture(None, full=False, seed=8, persons=()),
        picture("front", full=False, seed=9),
    ]
    choice = choose_picture(pictures)
    assert choice.index == 2
    assert choice.fallback == ""
    assert choice.reasons == {
        0: "back view",
        1: "side view, facing left",
        3: "detail: the shoulders are not seen",
        4: "no ankles: not a full shot",
        5: "no eyes and no ankles: not a full shot",
        6: "the view is not clear",
        7: "no person",
        8: "not a full shot",
    }


def test_unreadable_pictures_and_those_that_show_nothing_are_refused() -> None:
    empty = picture(None, full=False, seed=1, persons=(), garments=(whole_photo(photo(1)),))
    choice = choose_picture([PagePicture("a.jpg", unread="the file ends early"), PagePicture("b.jpg"), empty])
    assert choice.index is None
    assert choice.reasons == {
        0: "the file ends early",
        1: "cannot be read",
        2: "neither a person nor a garment is found",
    }
    assert choose_picture([]).index is None


@pytest.mark.parametrize(
    ("pictures", "chosen", "fallback"),
    [
        ([("back", True), ("front", False)], 1, "not a full shot"),
        ([("detail", False), ("back", True)], 1, "back view"),
        ([("back", True), ("right", True)], 1, "side view, facing right"),
        ([("left", False), ("back", True)], 1, "back view"),
        ([("detail", False)], 0, "detail: the shoulders are not seen"),
    ],
)
def test_without_one_the_next_best_is_taken_and_it_says_why(
    pictures: list[tuple[str, bool]], chosen: int, fallback: str
) -> None:
    choice = choose_picture([picture(view, full=full, seed=seed) for seed, (view, full) in enumerate(pictures)])
    assert choice.index == chosen
    assert choice.fallback == f"no full shot from the front: {fallback}"


def test_a_person_comes_before_an_article_and_an_article_before_nothing() -> None:
    article = picture(None, full=False, seed=1, persons=(), garments=(TOP,))
    assert choose_picture([article, picture("back", full=False, seed=2)]).index == 1
    alone = choose_picture([PagePicture("x", unread="no picture"), article])
    assert alone.index == 1
    assert alone.fallback == "no full shot from the front: no person"


def test_without_a_reader_the_whole_picture_is_taken() -> None:
    look = Look(100, 200, (whole_photo(photo()),))
    choice = choose_picture([PagePicture.of(photo(), look, "a.jpg")])
    assert choice.index == 0
    assert choice.fallback == "no full shot from the front: without a reader no view is known"


def test_the_picture_that_shows_the_kind_is_taken() -> None:
    pictures = [picture(seed=1, name="one"), picture(seed=2, name="two", garments=(SKIRT,))]
    assert choose_picture(pictures).index == 0  # it shows more
    assert choose_picture(pictures[::-1]).index == 1
    choice = choose_picture([pictures[1], pictures[0]], "top")
    assert choice.index == 1
    assert choice.reasons == {0: "a full shot from the front, which does not show the top"}
    assert choose_picture([pictures[1], pictures[0]], "outerwear").index == 1  # a reader may take one for the other
    assert choose_picture(pictures, "hat").reasons == {1: "a full shot from the front, but one is a better one"}


def test_the_same_picture_counts_once_and_the_largest_copy_is_kept() -> None:
    small, large = picture(seed=1, name="small"), picture(seed=1, name="large", width=300, height=600)
    again = picture(seed=1, name="again", width=300, height=600)
    choice = choose_picture([small, large, again, picture("back", seed=2)])
    assert choice.index == 1
    assert choice.copies == {0, 2}
    assert choice.reasons == {0: "a smaller copy of large", 2: "the same picture as large", 3: "back view"}


def test_a_compressed_copy_is_a_copy_and_another_picture_is_none() -> None:
    original, look = photo(1, 300, 600), Look(300, 600, (TOP,), reader="fixed 1")
    stream = io.BytesIO()
    original.image().resize((150, 300)).save(stream, "JPEG", quality=60)
    copy = Photo.from_bytes(stream.getvalue())
    half = Look(150, 300, (TOP,), reader="fixed 1")
    assert choose_picture([PagePicture.of(copy, half, "b"), PagePicture.of(original, look, "a")]).copies == {0}
    other = PagePicture.of(photo(2, 300, 600), look, "c")
    assert not choose_picture([PagePicture.of(original, look, "a"), other]).copies
    wide = PagePicture.of(Photo.from_image(original.image().resize((400, 600))), Look(400, 600, (TOP,)), "d")
    assert not choose_picture([PagePicture.of(original, look, "a"), wide]).copies


def test_a_surer_picture_comes_before_one_with_more_garments() -> None:
    unsure = tuple(type(point)(point.x, point.y, point.visibility, 0.4) for point in pose())
    pictures = [
        picture(seed=1, name="unsure", persons=(Person(BOX, unsure),)),
        picture(seed=2, name="sure", garments=(TOP,)),
    ]
    assert choose_picture(pictures).index == 1


def test_what_counts_as_a_garment() -> None:
    look = Look(100, 200, (TOP, whole_photo(photo())), reader="fixed 1")
    assert wearable(look) == (TOP,)
    assert is_of_kind(TOP, "top")
    assert is_of_kind(SKIRT, "dress")
    assert not is_of_kind(TOP, "outerwear")
    assert are_related("top", "outerwear")
    assert not are_related("top", "trousers")
    assert garment_area(TOP) == 60 * 150
    half = Garment("top", 0.9, BOX, BOX.center, np.array([[True, False]]))
    assert garment_area(half) == 60 * 150 / 2
    assert why_not(Look(1, 1, (), (Person(BOX, pose()),), "fixed 1", True, "front")) == ""
