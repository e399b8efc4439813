"""Names of attributes in feeds."""

from __future__ import annotations

import pytest

from streetshop.core.attributes import SYNONYMS, attribute_name, attribute_names


@pytest.mark.parametrize(
    ("column", "name"),
    [("color", "colour"), ("farbe", "colour"), ("muster", "pattern"), ("sleeve_length", "sleeve"), ("size", None)],
)
def test_what_feeds_call_an_attribute(column: str, name: str | None) -> None:
    assert attribute_name(column) == name


def test_no_column_is_two_attributes() -> None:
    columns = [column for names in SYNONYMS.values() for column in names]
    assert len(columns) == len(set(columns))
    assert attribute_names(columns) == set(SYNONYMS)
