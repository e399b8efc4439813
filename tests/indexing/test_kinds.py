"""The kind of a product by its pictures, and the garment that a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Look, Product, Shot
from streetshop.indexing.kinds import product_garment, vote, with_kind

BOX = Box(0, 0, 10, 10)


def look(*names: str) -> Look:
    """Garments of rising size."""
    return Look(100, 100, tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate(names)))


@pytest.mark.parametrize(
    ("category", "kind", "expected"),
    [
        ("T-Shirts", "", "t-shirt"),
        ("Apparel T-Shirt", "", "t-shirt"),
        ("boots", "", "ankle boot"),
        ("glasses", "", "dress"),
        ("", "", "dress"),
        ("Größe 38", "", "dress"),
        ("shirt", "dress", "dress"),
        ("shirt", "hat", "shirt"),
        ("", "t-shirt", "t-shirt"),
    ],
)
def test_the_kind_chooses_among_garments_then_the_category_then_the_size(
    category: str, kind: str, expected: str
) -> None:
    found = product_garment(look("t-shirt", "shirt", "ankle boot", "dress"), category, kind)
    assert found.category == expected


@pytest.mark.parametrize(("score", "expected"), [(0.2, "top"), (0.45, "trousers")])
def test_an_unsure_garment_must_be_the_larger_for_it(score: float, expected: str) -> None:
    """Three times the area: enough for a score of a half, not of a quarter."""
    garments = (
        Garment("top", 0.9, Box(0, 0, 10, 10), (1.0, 1.0)),
        Garment("trousers", score, Box(0, 0, 10, 30), (1.0, 1.0)),
    )
    assert product_garment(Look(100, 100, garments), "").category == expected


@pytest.mark.parametrize(
    ("shots", "expected"),
    [
        ([], ("", 0.0)),
        ([{}], ("", 0.0)),
        ([{"dress": 0.9, "top": 0.1}], ("dress", 0.9)),
        ([{"dress": 0.4, "top": 0.35}], ("", 0.0)),
        ([{"dress": 0.6, "top": 0.4}, {"top": 1.0}], ("top", 0.7)),
        ([{"dress": 0.8}, {}, {}], ("dress", 0.8)),
    ],
)
def test_pictures_vote(shots: Sequence[dict[str, float]], expected: tuple[str, float]) -> None:
    kind, probability = vote(shots)
    assert (kind, pytest.approx(probability)) == expected


def test_words_are_kept_and_pictures_name_the_rest() -> None:
    shots = (Shot("a.jpg", "0" * 64, {"kind": {"dress": 0.9}}), Shot("b.jpg", "1" * 64, {}))
    nameless = with_kind(Product("p", shots=shots))
    assert (nameless.kind, nameless.kind_source, nameless.kind_probability) == ("dress", "picture", 0.9)
    worded = Product("p", shots=shots, kind="skirt", kind_source="category", kind_probability=0.97)
    assert with_kind(worded) == worded
    unsure = with_kind(Product("p", shots=shots[1:], kind="dress", kind_source="picture", kind_probability=0.9))
    assert (unsure.kind, unsure.kind_source, unsure.kind_probability) == ("", "", 0.0)
