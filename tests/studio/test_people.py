"""Skin that can be seen."""

import numpy as np

from streetshop.studio.people import person_patches, plain
from tests.studio.worn import OWNER, body, check, lowest


def test_a_person_has_head_trunk_limbs_and_hands():
    person = body(hair="bald")
    patches = person_patches(person, OWNER)
    check(patches)
    assert len(patches) == 10  # head, trunk, two arms, two hands of two parts, two legs
    assert lowest(patches) < 0.1


def test_covered_skin_is_left_out():
    person = body(hair="bald")
    assert lowest(person_patches(person, OWNER, legs_from=2.2, legs_to=2.05)) > 0.5
    assert len(person_patches(person, OWNER, arms_from=2.0)) == 8
    high = person_patches(person, OWNER, lowest=0.66)[1].points[..., 1].min()
    assert high > person_patches(person, OWNER, lowest=0.46)[1].points[..., 1].min()


def test_a_plain_texture_has_one_colour_or_noise_around_it():
    assert (plain((10, 20, 30)).color == (10, 20, 30)).all()
    noisy = plain((100, 100, 100), noise=5, seed=1).color
    assert noisy.std() > 2
    assert np.array_equal(noisy, plain((100, 100, 100), noise=5, seed=1).color)
