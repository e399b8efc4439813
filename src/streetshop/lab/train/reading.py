"""From a recipe's file and the overrides of the command line to a validated recipe, or one error that names the key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from streetshop.core.errors import RecipeError
from streetshop.lab.train.recipe import AnyRecipe, Recipe
from streetshop.lab.train.yaml_recipe import parse_yaml, read_values

_ADAPTER: TypeAdapter[AnyRecipe] = TypeAdapter(Recipe)
_FOLDERS = (Path(__file__).parents[1] / "recipes", Path(__file__).parents[4] / "recipes")
"""Where the recipes lie in an installed package, and in a checkout."""

SHIPPED: Final = ("reader", "encoder")
"""Kinds of recipes that learn from the public data sets (:mod:`streetshop.lab.train.shipped`), not from a manifest."""


def recipe_names() -> list[str]:
    """The recipes of encoders and converters that come with streetshop; the folder holds others' (the reader's) too."""
    paths = [path for folder in _FOLDERS if folder.is_dir() for path in folder.glob("*.yaml")]
    kinds = {path.stem: parse_yaml(path.read_text(encoding="utf-8")).get("kind", "embedding") for path in paths}
    return sorted(name for name, kind in kinds.items() if kind in ("embedding", "converter"))


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


def recipe_kind(recipe: str) -> str:
    """What a recipe, given by path or by name, makes. Raises :class:`RecipeError` when there is none."""
    return str(read_values(recipe_path(recipe)).get("kind", "embedding"))


def load_recipe(recipe: str, overrides: Sequence[str] = ()) -> AnyRecipe:
    """Read and validate a recipe.

    Args:
        recipe: a path, or the name of one that comes with streetshop.
        overrides: ``key=value``; see :func:`streetshop.lab.train.yaml_recipe.read_values`.

    Raises:
        RecipeError: naming the key, with its full value.
    """
    path = recipe_path(recipe)
    return validate_recipe(read_values(path, overrides), where=str(path))


def validate_recipe(values: dict[str, Any], *, where: str = "recipe") -> AnyRecipe:
    """Plain values to a recipe. Raises :class:`RecipeError`; ``where`` names the file in it."""
    values = {"kind": "embedding", **values}
    if values["kind"] in SHIPPED:
        raise RecipeError(
            f"a recipe of kind {values['kind']} learns from the public folders, not from a manifest",
            where=where,
            hint=f"`streetshop lab train` takes it, with their folder as --data; docs/{values['kind']}.md shows how",
        )
    try:
        return _ADAPTER.validate_python(values)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        key, value = _locate(values, first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            text = "there is no such key"
        if first["type"] not in ("missing", "union_tag_not_found") and key:
            text += f"; the value is {value!r}"
        if len(problems) > 1:
            text += f" (and {len(problems) - 1} more)"
        raise RecipeError(
            text, where=f"{where}: {key}" if key else where, hint="docs/training.md lists all keys"
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
