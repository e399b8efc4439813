"""The closed vocabulary."""

import pytest

from streetshop.core.errors import StudioError
from streetshop.studio import (
    CATEGORIES,
    COLORS,
    GROUPS,
    attribute_values,
    check_attributes,
    check_category,
    make_catalog,
)

METHOD_3 = (
    "tops",
    "shirts",
    "t-shirts",
    "sweaters",
    "sweatshirts",
    "jackets",
    "blazers",
    "shrugs",
    "nehru jackets",
    "jeans",
    "trousers",
    "shorts",
    "track pants",
    "palazzos",
    "capris",
    "skirts",
    "dresses",
    "sports shoes",
    "casual shoes",
    "hand bags",
)


def test_all_article_types_of_method_3_and_the_accessories_can_be_drawn():
    assert set(METHOD_3) | {"hats", "scarves", "belts", "sunglasses"} == set(CATEGORIES)
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(CATEGORIES)


def test_unknown_category_attribute_and_value_name_the_known_ones():
    with pytest.raises(StudioError, match=r"unknown category .togas..*sweatshirts"):
        check_category("togas")
    with pytest.raises(StudioError, match="unknown category 'togas'"):
        make_catalog(10, 0, ["jeans", "togas"])
    with pytest.raises(StudioError, match=r"jeans have no attribute 'neckline'.*details"):
        attribute_values("jeans", "neckline")
    with pytest.raises(StudioError, match=r"skirts have no length 'tiny'.*mini, knee, midi, maxi"):
        check_attributes("skirts", {"length": "tiny"})
    with pytest.raises(StudioError, match=r"base_colour 'mauve'.*burgundy"):
        check_attributes("skirts", {"base_colour": "mauve"})


def test_colours_can_be_told_apart():
    names = list(COLORS)
    for k, one in enumerate(names):
        for two in names[k + 1 :]:
            assert sum(abs(a - b) for a, b in zip(COLORS[one], COLORS[two], strict=True)) > 40, (one, two)
