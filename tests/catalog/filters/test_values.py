"""How values are compared."""

from __future__ import annotations

import pytest

from streetshop.catalog.filters.values import as_number


@pytest.mark.parametrize(
    ("value", "number"),
    [("38", 38.0), ("-1.5", -1.5), ("007", None), ("1e5", None), ("12345678901234567", None), ("", None), (True, None)],
)
def test_which_text_counts_as_a_number(value: str | bool, number: float | None) -> None:
    assert as_number(value) == number
