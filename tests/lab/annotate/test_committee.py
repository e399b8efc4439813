"""What readers disagree about."""

from __future__ import annotations

import pytest

from streetshop.core.errors import UsageError
from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Look
from streetshop.lab.annotate.committee import ballots, disagreement


def look(*garments: tuple[str, float, float]) -> Look:
    """Garments as (category, left edge, score), each 10 x 10 pixels."""
    made = []
    for category, left, score in garments:
        box = Box(left, 0, left + 10, 10)
        made.append(Garment(category, score, box, box.center))
    return Look(100, 100, tuple(made), (), "some 1")


def test_one_opinion_is_no_disagreement() -> None:
    one = look(("top", 0, 0.9), ("skirt", 30, 0.8))
    assert disagreement([one, one, one]) == 0


def test_names_and_gaps_are_votes() -> None:
    first, second = look(("top", 0, 0.9), ("skirt", 30, 0.8)), look(("dress", 1, 0.7))
    assert sorted(ballots([first, second])) == [("skirt", ""), ("top", "dress")]
    assert disagreement([first, second]) == pytest.approx(2)


def test_a_box_is_taken_once_and_by_the_one_that_overlaps_most() -> None:
    first, second = look(("top", 0, 0.9), ("top", 4, 0.8)), look(("top", 1, 0.9))
    assert sorted(ballots([first, second])) == [("top", ""), ("top", "top")]


def test_boxes_that_hardly_overlap_are_two_places() -> None:
    assert len(ballots([look(("top", 0, 0.9)), look(("top", 6, 0.9))])) == 2


@pytest.mark.parametrize("looks", [[look()], [look(), Look(50, 100, (), (), "some 1")]])
def test_committees_of_one_and_of_two_photos_are_refused(looks: list[Look]) -> None:
    with pytest.raises(UsageError):
        disagreement(looks)
