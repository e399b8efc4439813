"""Garments of one photo on the person of another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.data.classes import GARMENTS, INDEX
from streetshop.lab.data.labelled_photos import LabelledPhoto
from streetshop.lab.train.tasks.reader.composites import ANCHORS, Wardrobe, put_on, similarity

pytestmark = pytest.mark.lab
SKIRT, TOP = INDEX["skirt"], INDEX["top"]
HIPS = [COCO_KEYPOINTS.index(f"{side}_{place}") for place in ("hip", "knee") for side in ("left", "right")]


def person(x: int, y: int, size: int, *, skirt: bool, name: str = "") -> LabelledPhoto:
    """A grey photo of somebody whose hips are at (x, y) and whose thighs are ``size`` long."""
    pixels, labels = np.full((120, 90, 3), 128, np.uint8), np.zeros((120, 90), np.uint8)
    labels[y - size : y, x : x + size] = TOP
    if skirt:
        labels[y : y + size, x : x + size] = SKIRT
        pixels[y : y + size, x : x + size] = (200, 40, 40)
    points = np.zeros((17, 3), np.float32)
    points[HIPS] = [(x, y, 2), (x + size, y, 2), (x, y + size, 2), (x + size, y + size, 2)]
    return LabelledPhoto(name, "labelled", pixels, labels, 1.0, tuple(int(i) for i in np.unique(labels)), points)


@given(
    points=arrays(np.float64, (4, 2), elements=st.floats(-50, 50, width=32)),
    scale=st.floats(0.5, 2),
    angle=st.floats(-3, 3),
    shift=arrays(np.float64, 2, elements=st.floats(-50, 50)),
)
def test_a_similarity_is_found_again(points, scale, angle, shift) -> None:
    turn = scale * np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    goals = points @ turn.T + shift
    found = similarity(points, goals)
    if found is None:
        assert ((points - points.mean(0)) ** 2).sum() < 1.001
    else:
        assert np.allclose(found[:2, :2], turn, atol=1e-6)
        assert np.allclose(found[:2, 2], shift, atol=1e-4)


def test_a_similarity_against_least_squares_over_its_four_numbers() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (5, 2))
    goals = points * 1.2 + rng.normal(0, 3, (5, 2))
    found = similarity(points, goals)
    x, y, one, zero = points[:, 0], points[:, 1], np.ones(5), np.zeros(5)
    system = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    a, b, u, v = np.linalg.lstsq(system, goals.T.ravel(), rcond=None)[0]
    assert found is not None
    assert np.allclose(found, [[a, -b, u], [b, a, v], [0, 0, 1]])


@pytest.mark.parametrize(
    "goals", [[(0, 0), (300, 0), (0, 300)], [(0, 0), (3, 0), (0, 3)], [(0, 10), (10, 0), (0, 0)]], ids=str
)
def test_what_does_not_fit_is_refused(goals) -> None:
    """Far larger, far smaller, mirrored."""
    assert similarity(np.asarray([(0.0, 0), (10, 0), (0, 10)]), np.asarray(goals, float)) is None


def test_a_skirt_moves_to_the_other_hips() -> None:
    wearer, donor = person(20, 50, 30, skirt=False), person(40, 60, 20, skirt=True)
    dressed = put_on(wearer, donor, SKIRT, np.random.default_rng(0))
    worn = dressed.labels == SKIRT
    ys, xs = np.nonzero(worn)
    assert abs(xs.min() - 20) <= 1
    assert abs(xs.max() - 49) <= 1
    assert abs(ys.min() - 50) <= 1
    assert abs(ys.max() - 79) <= 1
    red, green, _ = dressed.pixels[65, 35].astype(int)
    assert red > 1.5 * green, "the donor's pixels come along, dyed"
    rest = ~worn & (np.abs(dressed.pixels.astype(int) - wearer.pixels).max(2) == 0)
    assert rest.sum() > 0.95 * (~worn).sum()
    assert (dressed.labels[~worn] == wearer.labels[~worn]).all()
    assert SKIRT in dressed.allowed
    assert SKIRT not in wearer.allowed
    assert not (wearer.labels == SKIRT).any(), "the photo itself is as it was"


def test_unseen_keypoints_put_nothing_on() -> None:
    wearer, donor = person(20, 50, 30, skirt=False), person(40, 60, 20, skirt=True)
    wearer.points[HIPS[1:], 2] = 1
    assert put_on(wearer, donor, SKIRT, np.random.default_rng(0)) is wearer


def test_the_wardrobe_lends_what_there_is() -> None:
    people = [person(20, 50, 20, skirt=False, name=str(i)) for i in range(5)]
    rng = np.random.default_rng(0)
    assert Wardrobe(people).dress(people[0], rng) is people[0], "tops are not lent"
    people.append(person(30, 60, 20, skirt=True, name="donor"))
    wardrobe = Wardrobe(people)
    assert wardrobe.classes.tolist() == [SKIRT]
    assert wardrobe.dress(people[5], rng) is people[5], "nobody lends to herself"
    assert (wardrobe.dress(people[0], rng).labels == SKIRT).any()
    unlabelled = LabelledPhoto("", "tagged", people[0].pixels, None, 1.0, (0,), people[0].points)
    assert wardrobe.dress(unlabelled, rng) is unlabelled


def test_only_garments_are_lent_by_known_keypoints() -> None:
    assert set(ANCHORS) <= set(GARMENTS)
    assert all(point in COCO_KEYPOINTS for points in ANCHORS.values() for point in points)
