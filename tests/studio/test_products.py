"""Products, families and splits."""

from collections import Counter

import pytest

from streetshop.core.errors import StudioError
from streetshop.studio import CATEGORIES, check_attributes, make_catalog
from streetshop.studio.products import coherent


@pytest.fixture(scope="module")
def catalog():
    return make_catalog(600, 3)


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


def test_no_products_is_refused():
    with pytest.raises(StudioError, match="at least one"):
        make_catalog(0, 0)


def test_values_that_do_not_go_together_are_not_coherent():
    assert not coherent("tops", {"neckline": "strappy", "sleeve_length": "long"})
    assert coherent("tops", {"neckline": "strappy", "sleeve_length": "sleeveless"})
    assert not coherent("hats", {"details": "pompon", "fit": "cap"})
    assert coherent("scarves", {"details": "pompon", "fit": "cap"})


def test_titles_say_what_the_product_is(catalog):
    for product in catalog[:100]:
        words = product.title.casefold()
        assert product.category in words
        assert product.attributes["base_colour"] in words
        low, high = CATEGORIES[product.category].price
        assert low <= product.price <= high
