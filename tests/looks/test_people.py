"""Persons, and articles that nobody wears."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streetshop.looks.people import people_and_articles
from streetshop.looks.rules import Rules

RULES = Rules(("background", "skin", "top", "bag"), ("top", "bag"))
SKIN, TOP, BAG = 1, 2, 3


def scene() -> NDArray[np.uint8]:
    """100 x 100: a person 60 high, and 20 to its right a bag."""
    labels = np.zeros((100, 100), np.uint8)
    labels[10:20, 10:20] = SKIN
    labels[20:70, 5:25] = TOP
    labels[40:60, 45:65] = BAG
    return labels


def test_a_region_with_a_body_is_a_person_and_one_without_an_article() -> None:
    labels = scene()
    people, articles = people_and_articles(labels, None, RULES)
    assert [(p == np.isin(labels, (SKIN, TOP))).all() for p in people] == [True]
    assert [(a == (labels == BAG)).all() for a in articles] == [True]


def test_what_is_within_reach_belongs_to_the_person() -> None:
    labels = np.roll(scene() * (scene() == BAG), -16, axis=1) + scene() * (scene() != BAG)
    people, articles = people_and_articles(labels, None, RULES)
    assert articles == []
    assert (people[0] == (labels > 0)).all()


def test_specks_bystanders_and_small_articles_are_ignored() -> None:
    labels = scene()
    labels[95, 95] = SKIN  # a speck
    labels[90:98, 40:50] = SKIN  # someone far away
    labels[40:60, 45:65] = 0
    labels[5:14, 80:90] = BAG  # less than a fifth of the person
    people, articles = people_and_articles(labels, None, RULES)
    assert (len(people), articles) == (1, [])
    alone = np.where(labels == BAG, labels, np.uint8(0))
    assert len(people_and_articles(alone, None, RULES)[1]) == 1


def test_keypoints_make_a_person_of_a_region_without_a_body() -> None:
    labels = np.where(scene() == TOP, scene(), np.uint8(0))
    heat = np.zeros((17, 50, 50), np.float32)
    heat[:6, 20, 8] = 0.6
    assert [len(found) for found in people_and_articles(labels, None, RULES)] == [0, 1]
    assert [len(found) for found in people_and_articles(labels, heat, RULES)] == [1, 0]
    heat[5] = 0
    assert [len(found) for found in people_and_articles(labels, heat, RULES)] == [0, 1], "five are too few"


def test_two_heads_in_one_region_are_two_persons() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[20:80, 10:90] = TOP
    labels[10:20, 20:30] = labels[10:20, 70:80] = SKIN
    heat = np.zeros((17, 50, 50), np.float32)
    heat[0, 7, 12] = heat[0, 7, 37] = 0.9
    people, _ = people_and_articles(labels, heat, RULES)
    assert len(people) == 2
    assert not (people[0] & people[1]).any()
    assert ((people[0] | people[1]) == (labels > 0)).all()
    heat[0, 7, 37] = 0.3
    assert len(people_and_articles(labels, heat, RULES)[0]) == 1, "an unsure head"


# Rectangles in a photo of 200 x 200 = 40,000 pixels; the person is 20 x 100 = 2,000, a twentieth of it.
PERSON = (slice(50, 150), slice(100, 120))


def photo(*blobs: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """A person, and regions (class, top, left, pixels), each a row of pixels broken every ten."""
    labels = np.zeros((200, 200), np.uint8)
    labels[PERSON] = TOP
    labels[50:60, 100:120] = SKIN
    for kind, top, left, pixels in blobs:
        for i in range(pixels):
            labels[top + i // 10, left + i % 10] = kind
    return labels


def sizes(labels: NDArray[np.uint8], heat: NDArray[np.float32] | None = None) -> tuple[list[int], list[int]]:
    people, loose = people_and_articles(labels, heat, RULES)
    return [int(p.sum()) for p in people], [int(a.sum()) for a in loose]


def test_bystanders_below_a_tenth_of_the_main_person_are_ignored() -> None:
    for pixels in (161, 180, 199):  # above .4 % of the photo
        assert sizes(photo((SKIN, 0, 0, pixels))) == ([2000], [])
    assert sizes(photo((SKIN, 0, 0, 200))) == ([2000, 200], [])


def test_the_smallest_person_is_a_part_of_the_photo() -> None:
    for pixels, found in ((159, ([], [])), (160, ([160], []))):
        labels = np.where(np.isin(photo((SKIN, 170, 0, pixels)), (TOP,)), 0, photo((SKIN, 170, 0, pixels)))
        labels[PERSON] = 0
        assert sizes(labels.astype(np.uint8)) == found


def test_the_smallest_article_is_a_part_of_the_photo_and_of_the_person_beside_it() -> None:
    for pixels, found in ((399, []), (400, [400])):
        assert sizes(photo((BAG, 0, 0, pixels))) == ([2000], found)
    for pixels, found in ((159, []), (160, [160])):
        labels = photo((BAG, 0, 0, pixels))
        labels[PERSON] = 0
        assert sizes(labels) == ([], found)


@pytest.mark.parametrize(("gap", "near"), [(1, True), (6, True), (8, True), (9, False), (10, False)])
@pytest.mark.parametrize("side", ["left", "right", "below", "above"])
def test_a_bag_belongs_to_a_person_up_to_8_percent_of_its_height_away(side: str, gap: int, near: bool) -> None:
    labels = photo()
    top, left = {
        "left": (90, 100 - gap - 20),
        "right": (90, 120 + gap),
        "below": (150 + gap, 100),
        "above": (50 - gap - 20, 100),
    }[side]
    labels[top : top + 20, left : left + 20] = BAG
    assert sizes(labels) == (([2400], []) if near else ([2000], [400]))


@pytest.mark.parametrize(("across", "down", "near"), [(5, 6, True), (6, 6, False)])
def test_the_gap_to_a_bag_is_the_shortest_way(across: int, down: int, near: bool) -> None:
    labels = photo()
    labels[150 + down : 170 + down, 120 + across : 140 + across] = BAG
    assert sizes(labels) == (([2400], []) if near else ([2000], [400]))


@pytest.mark.parametrize(("left", "nearest"), [(123, 110), (125, 156)])
def test_a_bag_between_two_persons_belongs_to_the_nearer(left: int, nearest: int) -> None:
    labels = photo()
    labels[50:150, 146:166] = labels[PERSON]  # 26 to the right
    labels[90:110, left : left + 18] = BAG
    people, loose = people_and_articles(labels, None, RULES)
    assert loose == []
    assert [int(p.sum()) for p in people] == [2360, 2000]
    assert people[0][100, left]
    assert people[0][100, nearest]


def test_specks_belong_to_nobody() -> None:
    for pixels, found in ((7, 2000), (8, 2008)):
        assert sizes(photo((BAG, 90, 122, pixels))) == ([found], [])


def test_the_least_body_of_a_person() -> None:
    for pixels, found in ((29, ([], [1000])), (30, ([1000], []))):
        labels = photo((TOP, 20, 20, 1000), (SKIN, 20, 20, pixels))
        labels[PERSON] = 0
        assert sizes(labels) == found


@pytest.mark.parametrize(("peak", "persons"), [(0.49, 0), (0.5, 1)])
def test_a_sure_peak_is_twice_as_high_as_a_visible_one(peak: float, persons: int) -> None:
    labels = photo((TOP, 20, 20, 1000))
    labels[PERSON] = 0
    heat = np.zeros((17, 100, 100), np.float32)
    heat[11:, 20, 12] = peak
    assert [len(found) for found in people_and_articles(labels, heat, RULES)] == [persons, 1 - persons]
    beside = np.roll(heat, 30, axis=2)
    assert [len(found) for found in people_and_articles(labels, beside, RULES)] == [0, 1]


@pytest.mark.parametrize("axis", [0, 1])
def test_a_heatmaps_pixel_stands_for_the_photo_under_its_middle(axis: int) -> None:
    """A strip one pixel wide; heatmaps are half as large, so that pixel 20 has its middle at 41."""
    for place, persons in ((40, 0), (41, 1), (42, 0)):
        labels, heat = np.zeros((200, 200), np.uint8), np.zeros((17, 100, 100), np.float32)
        labels[(place, slice(None)) if axis == 0 else (slice(None), place)] = TOP
        heat[:6][(slice(None), 20, 50) if axis == 0 else (slice(None), 50, 20)] = 0.9
        assert len(people_and_articles(labels, heat, RULES)[0]) == persons


def heads(left: int, right: int, *, second: float = 0.9) -> list[int]:
    """Sizes of the persons in a region of 100 x 100 with two heads, in columns of heatmaps half as large."""
    labels = np.zeros((200, 200), np.uint8)
    labels[50:150, 50:150] = TOP
    labels[50:60, 50:150] = SKIN
    heat = np.zeros((17, 100, 100), np.float32)
    heat[0, 27, left], heat[0, 27, right] = 0.9, second
    return [int(person.sum()) for person in people_and_articles(labels, heat, RULES)[0]]


def test_two_heads_are_12_percent_of_the_height_apart() -> None:
    # The region is 50 high in the heatmaps: 6 columns are one head, 7 are two.
    assert heads(50, 56) == [10_000]
    assert heads(50, 57) == [5800, 4200], "the middle is at column 54 of 25 to 75"
    assert heads(50, 44) == [10_000]
    assert heads(50, 43) == [5600, 4400]


def test_the_second_head_is_sure() -> None:
    assert heads(40, 60, second=0.5) == [5100, 4900]
    assert heads(40, 60, second=0.49) == [10_000]


def test_a_half_is_a_tenth_of_the_region() -> None:
    assert heads(26, 33) == [9000, 1000]
    assert heads(25, 32) == [10_000], "eight hundredths are no person"


def test_persons_come_from_the_largest() -> None:
    labels = photo((SKIN, 0, 0, 300))
    labels[150:199, 110] = TOP
    labels[170:190, 0:40] = SKIN
    assert sizes(labels) == ([2049, 800, 300], [])
