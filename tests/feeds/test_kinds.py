"""The kind of a product by its feed's words."""

from __future__ import annotations

import pytest

from streetshop.core.records import Product
from streetshop.feeds.kinds import TAXONOMY, Taxonomy, named


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("Skinny Jeans", "trousers"),
        ("Women > Blouses", "top"),
        ("winter coats", "outerwear"),
        ("Sunglasses", "accessory"),
        ("hand bags", "bag"),
        ("Scarves", "scarf"),
        ("Apparel > Dresses > Maxi", "dress"),
        ("garden chairs", ""),
        ("", ""),
    ],
)
def test_words_of_a_category(category: str, kind: str) -> None:
    found = TAXONOMY.find(categories=[category])
    assert (found.kind, found.source) == (kind, "category" if kind else "")


def test_the_order_of_sources() -> None:
    shop = Taxonomy(TAXONOMY.words, {"oberteile": "top"})
    assert shop.find(given="Dress", categories=["shirt"]).source == "column"
    assert shop.find(categories=["Oberteile", "shoes"]) == shop.find(categories=["oberteile"])
    assert (found := shop.find(categories=["sale"], title="Red silk skirt")).kind == "skirt"
    assert found.source == "title"


def test_a_kind_that_is_given_stays() -> None:
    assert named(Product("p", category="shirt", kind="bag")).kind_source == "column"
    pictured = Product("p", category="shirt", kind="bag", kind_source="picture", kind_probability=0.8)
    assert named(pictured) == pictured
    assert named(Product("p", title="Linen shirt")).kind == "top"
