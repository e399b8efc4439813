"""Recipes of networks for persons: what they refuse."""

from __future__ import annotations

import pytest

from streetshop.core.errors import RecipeError
from streetshop.lab.train import load_recipe

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("recipe", "override", "words"),
    [
        ("view-resnet18", "data.each=true", "groups"),
        ("view-resnet18", "backbone.name=resnet17", "resnet17"),
        ("pose-resnet50", "layers=0", "greater than or equal to 1"),
        ("pose-resnet50", "sigma=0", "greater than 0"),
        ("pose-resnet50", "augment.zoom=1", "no such key"),
    ],
)
def test_bad_values_are_refused(recipe: str, override: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe(recipe, [override])


def test_groups_of_categories_make_no_sense_for_persons() -> None:
    with pytest.raises(RecipeError, match="one network serves all categories"):
        load_recipe("pose-resnet50", ["data.each=true", "data.groups={tops: [shirt]}"])


def test_the_lengths_of_stages_are_epochs() -> None:
    assert [stage.length for stage in load_recipe("pose-resnet50").stages] == [90, 30, 20]
