"""The garment of a product."""

from __future__ import annotations

import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Look
from streetshop.indexing.kinds import CLASS_OF_WORD, product_garment


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("T-Shirts", "t-shirt"),
        ("Apparel T-Shirt", "t-shirt"),
        ("shirt", "shirt"),
        ("boots", "ankle boot"),
        ("glasses", "shoe"),
        ("", "shoe"),
        ("Größe 38", "shoe"),
    ],
)
def test_choice_among_garments(category: str, expected: str) -> None:
    names = ("t-shirt", "shirt", "ankle boot", "shoe")
    garments = tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate(names))
    assert product_garment(Look(100, 100, garments), category).category == expected


@pytest.mark.parametrize(("score", "expected"), [(0.2, "top"), (0.45, "trousers")])
def test_an_unsure_garment_must_be_the_larger_for_it(score: float, expected: str) -> None:
    """Three times the area: enough for a score of a half, not of a quarter."""
    garments = (
        Garment("top", 0.9, Box(0, 0, 10, 10), (1.0, 1.0)),
        Garment("trousers", score, Box(0, 0, 10, 30), (1.0, 1.0)),
    )
    assert product_garment(Look(100, 100, garments), "").category == expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("Skinny Jeans", "trousers"),
        ("Women > Blouses", "top"),
        ("winter coats", "outerwear"),
        ("Sunglasses", "accessory"),
        ("hand bags", "bag"),
        ("Scarves", "scarf"),
        ("Maxi Dresses", "dress"),
        ("garden chairs", "dress"),
    ],
)
def test_what_shops_call_the_classes_of_the_shipped_reader(category: str, expected: str) -> None:
    names = ("accessory", "scarf", "bag", "top", "outerwear", "trousers", "dress")
    garments = tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate(names))
    assert product_garment(Look(100, 100, garments), category).category == expected


def test_the_synonyms_are_last_words_of_categories() -> None:
    for word, name in CLASS_OF_WORD.items():
        garments = tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate((name, "other")))
        assert product_garment(Look(100, 100, garments), f"summer {word}").category == name
