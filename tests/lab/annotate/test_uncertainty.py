"""Uncertainty of garments and photos, against the formulas written out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Look
from streetshop.lab.annotate.uncertainty import MEASURES, garment_uncertainty, photo_uncertainty


def garment(score: float = 1.0, **kinds: float) -> Garment:
    box = Box(0, 0, 10, 10)
    return Garment("top", score, box, box.center, kinds=kinds)


def look(*garments: Garment, reader: str | None = "some 1") -> Look:
    return Look(100, 100, garments, (), reader)


def test_entropy_and_margin_are_those_of_the_kinds() -> None:
    one = garment(top=0.5, dress=0.3, skirt=0.2)
    entropy = -(0.5 * math.log(0.5) + 0.3 * math.log(0.3) + 0.2 * math.log(0.2)) / math.log(3)
    assert garment_uncertainty(one) == pytest.approx(entropy)
    assert garment_uncertainty(one, "margin") == pytest.approx(0.8)


def test_without_kinds_the_score_says_it() -> None:
    assert garment_uncertainty(garment(0.5)) == pytest.approx(1)
    assert garment_uncertainty(garment(1.0)) == 0
    assert garment_uncertainty(garment(0.9), "margin") == pytest.approx(1 - 0.8)


def test_a_photo_is_as_unsure_as_all_its_garments() -> None:
    unsure, sure = garment(top=0.5, dress=0.5), garment(top=1.0, dress=0.0)
    assert photo_uncertainty(look(unsure, unsure, sure)) == pytest.approx(2)
    assert photo_uncertainty(look()) == 0
    assert photo_uncertainty(look(unsure, reader=None)) == 0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.floats(0, 1))
def test_both_measures_lie_between_0_and_1(values: list[float], score: float) -> None:
    kinds = {str(i): value for i, value in enumerate(values)}
    for measure in MEASURES:
        assert -1e-9 <= garment_uncertainty(garment(score, **kinds), measure) <= 1 + 1e-9
