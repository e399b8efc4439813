"""Street photos."""

import os

import numpy as np
import pytest

from streetshop.studio import GROUPS, SHOTS, decode_mask, make_catalog
from streetshop.studio.outfit import Wardrobe
from streetshop.studio.shots import draw_shot
from streetshop.studio.street import draw_street_photo
from tests.studio.consistent import SIZE, check_picture


def test_street_photos_are_consistent(shop, photos):
    for picture in photos:
        check_picture(picture, shop[0])
    assert sum(len(p.truth.garments) for p in photos) > 3 * len(photos)


COUNT = int(os.environ.get("STREETSHOP_PICTURES", "120"))
"""Pictures of the slow tests, half of them street photos; use 1000 before a change of the drawings."""


@pytest.fixture(scope="module")
def many():
    """A large catalog and street photos of its products."""
    catalog = make_catalog(max(COUNT, 1000), 11)
    wardrobe = Wardrobe(catalog, 11)
    return wardrobe, [draw_street_photo(number, wardrobe, 11, SIZE) for number in range(COUNT // 2)]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.xdist_group("many drawn pictures")
def test_many_pictures_are_consistent(many):
    wardrobe, photos = many
    for number, photo in enumerate(photos):
        check_picture(photo, wardrobe.catalog)
        product = wardrobe.catalog[2 * number]
        check_picture(draw_shot(product, SHOTS[number % len(SHOTS)], wardrobe, 11, SIZE), wardrobe.catalog)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.xdist_group("many drawn pictures")
def test_trousers_and_skirts_stay_under_a_top(many):
    through, people = 0, 0
    for truth in (photo.truth for photo in many[1]):
        for person in range(len(truth.persons)):
            worn = {garment.category: garment for garment in truth.garments if garment.person == person}
            lower = (*GROUPS["bottomwear"], *GROUPS["skirts"])
            tops, bottoms = ([worn[c] for c in names if c in worn] for names in (GROUPS["topwear"], lower))
            if tops and bottoms:
                top, bottom = (decode_mask(g.mask, truth.height, truth.width) for g in (tops[0], bottoms[0]))
                above = np.maximum.accumulate(top, axis=0)
                below = np.maximum.accumulate(top[::-1], axis=0)[::-1]
                people += 1
                through += (bottom & above & below).sum() > 0.03 * top.sum()
    assert people > 20, f"{through} of {people}"
    assert through <= 0.1 * people, f"{through} of {people}"
