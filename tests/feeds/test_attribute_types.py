"""The types of attributes, from all rows."""

from __future__ import annotations

import pytest

from streetshop.core.errors import RowRefused
from streetshop.feeds.attribute_types import TypeSurvey, typed


def test_an_attribute_is_a_number_only_if_all_its_values_are() -> None:
    survey = TypeSurvey({"A": "a", "B": "b", "C": "c", "SKU": "sku", "E": "e"}, typed=False)
    survey.add({"A": "1", "B": "true", "C": "1", "SKU": "7", "E": ""})
    survey.add({"A": "2.5", "B": "", "C": "007", "SKU": "8"})
    assert survey.types() == {"a": "number", "b": "boolean", "c": "text", "sku": "text", "e": "text"}
    survey = TypeSurvey({"A": "a", "B": "b"}, typed=True)
    survey.add({"A": 1, "B": "1"})
    assert survey.types() == {"a": "number", "b": "text"}


def test_a_value_of_another_type_than_its_column_is_refused() -> None:
    assert typed("1.5", "a", "number") == 1.5
    assert typed("TRUE", "a", "boolean") is True
    assert typed(5.0, "a", "text") == "5"
    for value, kind in (("wide", "number"), ("maybe", "boolean"), ("9" * 5000, "boolean")):
        with pytest.raises(RowRefused, match=f"no {kind}"):
            typed(value, "a", kind)  # type: ignore[arg-type]


def test_numbers_may_begin_with_their_point() -> None:
    survey = TypeSurvey({"Weight": "weight"}, typed=False)
    for text in (".5", "2", "-.25"):
        survey.add({"Weight": text})
    assert survey.types() == {"weight": "number"}
