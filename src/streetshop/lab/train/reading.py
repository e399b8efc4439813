"""From a recipe's file and the overrides of the command line to a validated recipe, or one error that names the key."""

from __future__ import annotations

import difflib
import json
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from streetshop.core.errors import RecipeError
from streetshop.lab.train.recipe import AnyRecipe, Recipe
from streetshop.lab.train.values import read_values

_ADAPTER: TypeAdapter[AnyRecipe] = TypeAdapter(Recipe)
_FOLDERS: Final = (Path(__file__).parents[1] / "recipes", Path(__file__).parents[4] / "recipes")
"""Where the recipes lie in an installed package, and in a checkout."""


def recipe_names() -> list[str]:
    """The recipes that come with streetshop."""
    return sorted(path.stem for folder in _FOLDERS if folder.is_dir() for path in folder.glob("*.yaml"))


def recipe_path(recipe: str) -> Path:
    """The file of a recipe given by path or by name. Raises :class:`RecipeError` when there is none."""
    if Path(recipe).is_file():
        return Path(recipe)
    for folder in _FOLDERS:
        if (folder / f"{recipe}.yaml").is_file():
            return folder / f"{recipe}.yaml"
    raise RecipeError(
        "there is no such recipe", where=recipe, hint=f"Give a file, or one of {', '.join(recipe_names())}"
    )


def load_recipe(recipe: str, overrides: Sequence[str] = ()) -> AnyRecipe:
    """Read and validate a recipe.

    Args:
        recipe: a path, or the name of one that comes with streetshop.
        overrides: ``key=value``; see :func:`streetshop.lab.train.values.read_values`.

    Raises:
        RecipeError: naming the key, with its full value.
    """
    path = recipe_path(recipe)
    return validate_recipe(read_values(path, overrides), where=str(path))


def validate_recipe(values: dict[str, Any], *, where: str = "recipe") -> AnyRecipe:
    """Plain values to a recipe. Raises :class:`RecipeError`; ``where`` names the file in it.

    Types are not converted: ``true`` is no number, and ``"3"`` is text.
    """
    values = {"kind": "embedding", **values}
    try:
        # As JSON, where a list may stand for a tuple: in Python's types the strict mode refuses it.
        return _ADAPTER.validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        key, value = _locate(values, first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            text = "there is no such key" + _nearest(first["loc"], values)
        if first["type"] not in ("missing", "union_tag_not_found") and key:
            text += f"; the value is {value!r}"
        if len(problems) > 1:
            text += f" (and {len(problems) - 1} more)"
        raise RecipeError(
            text, where=f"{where}: {key}" if key else where, hint="docs/recipes.md lists all keys"
        ) from None


def _locate(values: Any, location: Sequence[int | str]) -> tuple[str, Any]:
    """The dotted key that a pydantic location means, without the tags of unions, and the value there."""
    keys: list[str] = []
    current = values
    for index, part in enumerate(location):
        in_list = isinstance(current, list) and isinstance(part, int) and part < len(current)
        if in_list or (isinstance(current, dict) and part in current):
            current = current[part]
        elif index < len(location) - 1:
            continue  # the tag of a union
        elif isinstance(current, dict) and current.get("kind") == part:
            continue  # a tag at the end: the error is about the part as a whole
        keys.append(str(part))
    return ".".join(keys), current


def _nearest(location: Sequence[int | str], values: dict[str, Any]) -> str:
    """``, the nearest is X``: of the keys that are known where an unknown one stands."""
    models = {model for model in typing.get_args(AnyRecipe) if _kind(model) == values["kind"]}
    for part in location[:-1]:
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        if fields:
            models = set().union(*(_models(field) for field in fields))
        else:  # a place in a list, or the tag of a union
            tagged = {model for model in models if part in (_kind(model), model.__name__)}
            models = tagged or models
    known = sorted({key for model in models for key in model.model_fields})
    close = difflib.get_close_matches(str(location[-1]), known, 1, 0.5)
    return f", the nearest is {close[0]!r}" if close else f", only {', '.join(known)}"


def _kind(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("kind")
    return typing.get_args(field.annotation)[0] if field is not None else None


def _models(annotation: Any) -> set[type[BaseModel]]:
    """The parts that a type may hold, not those within them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return set().union(*(_models(inner) for inner in typing.get_args(annotation)))
