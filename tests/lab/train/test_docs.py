"""docs/recipes.md promises to list all keys: it does."""

from __future__ import annotations

import re
import types
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from streetshop.lab.train import load_recipe, recipe_names
from streetshop.lab.train.recipe import AnyRecipe

pytestmark = pytest.mark.lab

DOCS = Path(__file__).parents[3] / "docs"


def _models(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = {annotation}
        for field in annotation.model_fields.values():
            found |= _models(field.annotation)
        return found
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, tuple, list, dict, typing.Annotated):
        return set().union(*(_models(a) for a in typing.get_args(annotation)))
    return set()


def test_all_keys_are_documented() -> None:
    words = set(re.findall(r"\w+", (DOCS / "recipes.md").read_text()))
    models = _models(AnyRecipe)
    assert len(models) > 15
    missing = {f"{model.__name__}.{key}" for model in models for key in model.model_fields if key not in words}
    assert missing == set()


def test_all_methods_have_a_section() -> None:
    text = (DOCS / "methods.md").read_text()
    for name in recipe_names():
        if load_recipe(name).kind in ("embedding", "converter"):
            assert f"`{name}`" in text
