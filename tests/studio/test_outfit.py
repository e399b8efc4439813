"""What is worn together, and how it is put on."""

import numpy as np
import pytest

from streetshop.studio import CATEGORIES, make_catalog
from streetshop.studio.body import Body, Figure
from streetshop.studio.outfit import Outfit, Wardrobe, dress, room_for
from streetshop.studio.poses import MANNEQUIN
from tests.studio.worn import body, product


@pytest.fixture(scope="module")
def wardrobe():
    return Wardrobe(make_catalog(240, 7), 7)


def outfits(wardrobe, first, count=12):
    return [wardrobe.outfit(first, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_chosen_product_is_worn_with_clothes_for_both_halves_and_shoes(wardrobe, category):
    first = next(p for p in wardrobe.catalog if p.category == category)
    for outfit in outfits(wardrobe, first):
        assert first in outfit.garments
        groups = [g.group for g in outfit.garments]
        assert groups.count("footwear") == 1
        assert "dresses" in groups or {"bottomwear", "skirts"} & set(groups)
        assert len({id(g) for g in outfit.garments}) == len(outfit.garments)


def test_belts_are_shown_on_tucked_tops_without_a_coat(wardrobe):
    belt = next(p for p in wardrobe.catalog if p.category == "belts")
    for outfit in outfits(wardrobe, belt):
        if not any(g.category == "dresses" for g in outfit.garments):
            assert outfit.tucked
        assert not any(g.category in ("jackets", "blazers") for g in outfit.garments)


def test_a_shop_of_hats_borrows_unsold_clothes():
    wardrobe = Wardrobe(make_catalog(5, 1, ["hats"]), 1)
    outfit = wardrobe.outfit(wardrobe.catalog[0], np.random.default_rng(0))
    sold = [g for g in outfit.garments if g.id in wardrobe.sold]
    assert [g.category for g in sold] == ["hats"]
    assert len(outfit.garments) >= 4


def test_a_role_that_nobody_sells_is_empty(wardrobe):
    assert wardrobe.pick("crown", np.random.default_rng(0)) is None
    assert wardrobe.pick("bag", np.random.default_rng(0)).category == "hand bags"


def test_owners_are_the_person_and_then_the_garments_in_order(wardrobe):
    first = next(p for p in wardrobe.catalog if p.category == "jackets")
    outfit = outfits(wardrobe, first, 1)[0]
    patches, garments = dress(body(), outfit, 0, 10, np.random.default_rng(0), 64)
    assert garments == list(outfit.garments)
    assert {p.owner for p in patches} == {0, *range(10, 10 + len(garments))}


def test_hanging_arms_keep_clear_of_a_wide_skirt():
    wide = Outfit((product("skirts", fit="full"),), False, False, 1)
    narrow = Outfit((product("skirts", fit="pencil"),), False, False, 1)
    assert room_for(MANNEQUIN, narrow) == MANNEQUIN
    hands = [abs(Body(Figure(), room_for(MANNEQUIN, o), 0).left_arm.joints[2][0]) for o in (narrow, wide)]
    assert hands[1] > hands[0] + 0.03
