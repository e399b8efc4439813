"""Measures of views and full shots, against counts by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Look, Person
from streetshop.lab.data.framing import FramedPicture
from streetshop.lab.evaluate.views import NONE, Shown, confusion, page_choices, shares, shown
from streetshop.models.framing import VIEWS
from tests.looks.poses import pose

pytestmark = pytest.mark.lab


def one(true: str, found: str | None, *, page: str = "p", full: bool = False, front: float = 0.0) -> Shown:
    picture = FramedPicture(Path(true), None, true, true == "front", True, page)
    return Shown(picture, found, full, front, eyes=found == "front")


FOUND = [
    one("front", "front", full=True, front=0.9),
    one("back", "front", full=True, front=0.4),
    one("left", None),
    one("front", "front", page="q", full=True, front=0.8),
    one("detail", "detail", page="q", front=0.8),
]


def test_confusions_are_counted() -> None:
    table = confusion(FOUND, "t")
    assert table.columns == (*VIEWS, NONE)
    counts = {view: [figure.value for figure in row] for view, row in table.rows.items()}
    assert counts["front"] == [2, 0, 0, 0, 0, 0]
    assert counts["back"] == [1, 0, 0, 0, 0, 0]
    assert counts["left"] == [0, 0, 0, 0, 0, 1]
    assert sum(map(sum, counts.values())) == len(FOUND)


def test_shares_are_of_what_is_known() -> None:
    found = shares(FOUND)
    assert found["view"].value == pytest.approx(3 / 5)
    assert found["full shot"].value == pytest.approx(4 / 5)
    assert found["eyes on backs"].value == pytest.approx(1)
    unknown = [replace(each, picture=replace(each.picture, eyes=None)) for each in FOUND]
    assert "full shot" not in shares(unknown)
    assert "eyes on backs" not in shares(unknown)


def test_pages_are_right_when_the_front_picture_alone_is_chosen() -> None:
    found = page_choices(FOUND)
    assert found["filtered"].value == pytest.approx(1 / 2)  # on p the back passes too
    assert found["ranked"].value == pytest.approx(1 / 2)  # on q the detail is as probable


def test_what_was_read_stands_beside_the_labels() -> None:
    picture = FOUND[0].picture
    person = Person(Box(0, 0, 10, 10), pose(), True, "front", 0.8, {"front": 0.9, "back": 0.1})
    look = Look(10, 10, (), (person,), "r", True, "front", 0.8, person.view_probabilities)
    assert shown(picture, look) == Shown(picture, "front", True, pytest.approx(0.72), True)
    by_rule = Look(10, 10, (), (), "r", False, "detail")
    assert shown(picture, by_rule) == Shown(picture, "detail", False, 0.0, False)
