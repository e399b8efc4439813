"""The recipe of the framing head: what it refuses."""

from __future__ import annotations

import pytest

from streetshop.core.errors import RecipeError
from streetshop.lab.train import load_recipe

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("rows=0", "greater than or equal to 1"),
        ("stages.0.strength=0", "greater than 0"),
        ("stages.0.drawn=2", "less than or equal to 1"),
        ("stages.0.batch=2", "no such key"),
    ],
)
def test_bad_values_are_refused(override: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe("view", [override])


def test_the_stage_is_a_fit() -> None:
    (stage,) = load_recipe("view").stages
    assert (stage.fit, stage.balance) == ("framing", 0.5)
