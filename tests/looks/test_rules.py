"""What a bundle says about its classes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.looks.rules import Rules
from streetshop.models.folder import read_spec
from streetshop.models.reader import DEFAULT_READER
from streetshop.models.spec import DEFAULT_CLASS_RULES, ReaderSpec
from tests.models.tiny_reader import tiny_reader

CLASSES = ("background", "skin", "top", "bag")


def scored(*calibration: float) -> Rules:
    a, b, c = calibration
    return Rules(CLASSES, CLASSES[2:], (a, b, c))


@given(p=st.floats(0.001, 0.999), share=st.floats(0.001, 1), a=st.floats(0, 3), b=st.floats(-1, 1), c=st.floats(-3, 3))
def test_a_score_is_the_calibrated_probability(p: float, share: float, a: float, b: float, c: float) -> None:
    z = a * math.log(p / (1 - p)) + b * math.log(share) + c
    assert scored(a, b, c).score(p, share) == pytest.approx(1 / (1 + math.exp(-z)))


def test_scores_stay_between_0_and_1() -> None:
    assert scored(1.0, 0.0, 0.0).score(0.7, 0.1) == pytest.approx(0.7)
    assert 0 <= scored(9.0, 9.0, 0.0).score(0.0, 0.0) <= scored(9.0, 9.0, 9.0).score(1.0, 1.0) <= 1


def test_scores_have_limits() -> None:
    """Probabilities of 0 and 1, photos without a pixel and large calibrations give finite scores short of 0 and 1."""
    assert scored(1.0, 0.0, 0.0).score(0.0, 0.1) == scored(1.0, 0.0, 0.0).score(1e-4, 0.1) == pytest.approx(1e-4)
    assert scored(1.0, 0.0, 0.0).score(1.0, 0.1) == pytest.approx(1 - 1e-4)
    assert scored(0.0, 1.0, 0.0).score(0.5, 0.0) == scored(0.0, 1.0, 0.0).score(0.5, 1e-6) == pytest.approx(1e-6)
    assert scored(9.0, 0.0, 0.0).score(1.0, 1.0) == pytest.approx(1 / (1 + math.exp(-30)), abs=1e-16)
    assert scored(9.0, 0.0, 0.0).score(0.0, 1.0) == pytest.approx(1 / (1 + math.exp(30)), rel=1e-6)


def test_a_class_without_a_threshold_is_always_sure() -> None:
    rules = Rules(CLASSES, CLASSES[2:], thresholds={"bag": 0.4})
    assert [rules.is_sure("bag", score) for score in (0.39, 0.4)] == [False, True]
    assert rules.is_sure("top", 0.0)
    assert rules.index("bag") == 3


def test_rules_come_from_the_bundle(tmp_path: Path) -> None:
    spec = read_spec(DEFAULT_READER)
    assert isinstance(spec, ReaderSpec)
    assert spec.rules == DEFAULT_CLASS_RULES, "the shipped reader states what older bundles go by"
    rules = Rules.from_spec(spec)
    assert (rules.classes, rules.garments, rules.groups) == (spec.classes, spec.garments, spec.rules)
    assert (rules.calibration, rules.thresholds) == (spec.calibration, spec.thresholds)
    without = read_spec(tiny_reader(tmp_path))
    assert isinstance(without, ReaderSpec)
    assert without.rules is None
    assert Rules.from_spec(without).groups == DEFAULT_CLASS_RULES
    own = DEFAULT_CLASS_RULES.model_copy(update={"several": ("top",)})
    assert Rules.from_spec(without.model_copy(update={"rules": own})).groups == own
