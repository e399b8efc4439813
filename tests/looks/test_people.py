"""Persons, and articles that nobody wears."""

from __future__ import annotations

import numpy as np
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
