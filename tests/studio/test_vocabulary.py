"""The closed vocabulary and the products drawn from it."""

from collections import Counter

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
from streetshop.studio.products import coherent

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


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(600, 3)


def test_all_article_types_of_method_3_and_the_accessories_can_be_drawn():
    assert set(METHOD_3) | {"hats", "scarves", "belts", "sunglasses"} == set(CATEGORIES)
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(CATEGORIES)


def test_every_product_keeps_to_the_vocabulary(catalog):
    for product in catalog:
        check_attributes(product.category, product.attributes)
        assert coherent(product.category, product.attributes)
        assert set(product.attributes) == {"base_colour", "secondary_colour", *CATEGORIES[product.category].choices}
    assert {p.category for p in catalog} == set(CATEGORIES)
    assert len({p.id for p in catalog}) == len(catalog)


def test_siblings_differ_in_exactly_one_attribute(catalog):
    families = {}
    for product in catalog:
        families.setdefault(product.family, []).append(product)
    siblings = 0
    for members in families.values():
        first = members[0]
        assert first.differs == ""
        for other in members[1:]:
            different = [k for k in first.attributes if first.attributes[k] != other.attributes[k]]
            assert different == [other.differs]
            assert (other.category, other.seed, other.split) == (first.category, first.seed, first.split)
            siblings += 1
    assert siblings > len(catalog) / 2


def test_a_longer_catalog_begins_with_the_shorter_one(catalog):
    assert make_catalog(100, 3) == catalog[:100]
    assert make_catalog(100, 4) != catalog[:100]


@pytest.mark.parametrize("size", [1, 8])
def test_families_are_as_large_as_asked_for(size):
    found = make_catalog(240, 3, (), size)
    families = Counter(product.family for product in found)
    assert max(families.values()) == size
    assert sum(n == size for n in families.values()) >= 0.9 * len(families)
    first = {}
    for product in found:
        head = first.setdefault(product.family, product)
        if product is not head:
            differing = [n for n, v in product.attributes.items() if head.attributes[n] != v]
            assert differing == [product.differs]
    with pytest.raises(StudioError, match="families of 0"):
        make_catalog(10, 3, (), 0)


def test_families_are_of_eight_unless_said():
    assert make_catalog(240, 3) == make_catalog(240, 3, (), 8)


def test_splits_are_by_product_and_about_70_15_15(catalog):
    share = {s: sum(p.split == s for p in catalog) / len(catalog) for s in ("train", "val", "test")}
    assert share["train"] == pytest.approx(0.7, abs=0.12)
    assert share["val"] == pytest.approx(0.15, abs=0.09)
    assert share["test"] == pytest.approx(0.15, abs=0.09)


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


def test_no_products_is_refused():
    with pytest.raises(StudioError, match="at least one"):
        make_catalog(0, 0)


def test_colours_can_be_told_apart():
    names = list(COLORS)
    for k, one in enumerate(names):
        for two in names[k + 1 :]:
            assert sum(abs(a - b) for a, b in zip(COLORS[one], COLORS[two], strict=True)) > 40, (one, two)
