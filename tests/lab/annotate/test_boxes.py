"""What people changed."""

from __future__ import annotations

from streetshop.core.geometry import Box
from streetshop.core.records import Look
from streetshop.lab.annotate.boxes import Changes, LabelledBox, add_changes, boxed, count_changes
from streetshop.looks.reader import boxed_garment


def at(category: str, left: float) -> LabelledBox:
    return LabelledBox(category, Box(left, 0, left + 10, 10))


def test_boxes_are_kept_renamed_added_and_removed() -> None:
    before = [at("top", 0), at("skirt", 20), at("bag", 40)]
    after = [at("top", 1), at("dress", 20), at("hat", 60)]
    assert count_changes(before, after) == Changes(kept=1, renamed=1, added=1, removed=1)
    assert count_changes([], after) == Changes(added=3)
    assert add_changes(Changes(1, 2, 3, 4), Changes(1, 1, 1, 1)) == Changes(2, 3, 4, 5)


def test_a_photo_taken_whole_proposes_nothing() -> None:
    garment = boxed_garment(Box(0, 0, 9, 9))
    assert boxed("a.jpg", Look(9, 9, (garment,))).boxes == ()
    assert boxed("a.jpg", Look(9, 9, (garment,), (), "some 1")).boxes == (LabelledBox("garment", garment.box, 1.0),)
