"""From a recipe's file and the overrides of the command line to a validated recipe, or one error that names the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from streetshop.errors import RecipeError
from streetshop.lab.training.recipe import AnyRecipe, Recipe

_ADAPTER: TypeAdapter[AnyRecipe] = TypeAdapter(Recipe)
_FOLDERS = (Path(__file__).parents[1] / "recipes", Path(__file__).parents[4] / "recipes")
"""Where the recipes lie in an installed package, and in a checkout."""

_ELSEWHERE = {
    "reader": "Train it with `streetshop lab reader train`; docs/reader.md shows how",
    "encoder": "Train it with `make encoder`; docs/encoder.md shows how",
}
"""Kinds of recipes that have trainers of their own."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of a scalar: ``on`` and ``no`` are text, ``1e-4`` is a number; a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in entries if not tag.endswith((":bool", ":float", ":timestamp"))]
    for letter, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def recipe_names() -> list[str]:
    """The recipes of encoders and converters that come with streetshop; the folder holds others' (the reader's) too."""
    paths = [path for folder in _FOLDERS if folder.is_dir() for path in folder.glob("*.yaml")]
    kinds = {path.stem: _parse(path.read_text(encoding="utf-8")).get("kind", "embedding") for path in paths}
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


def load_recipe(recipe: str, overrides: Sequence[str] = ()) -> AnyRecipe:
    """Read and validate a recipe.

    Args:
        recipe: a path, or the name of one that comes with streetshop.
        overrides: ``key=value``, the key with dots (``stages.0.epochs=3``; ``stages.*.epochs=3`` for every stage), the
            value in YAML.

    Raises:
        RecipeError: naming the key, with its full value.
    """
    path = recipe_path(recipe)
    try:
        values = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot be read ({error.strerror})", where=str(path), hint="Check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"is no YAML: {_one_line(error)}", where=str(path)) from None
    if not isinstance(values, dict):
        raise RecipeError(f"holds {type(values).__name__}, not keys and values", where=str(path))
    for override in overrides:
        _override(values, override)
    return validate_recipe(values, where=str(path))


def validate_recipe(values: dict[str, Any], *, where: str = "recipe") -> AnyRecipe:
    """Plain values to a recipe. Raises :class:`RecipeError`; ``where`` names the file in it."""
    values = {"kind": "embedding", **values}
    if values["kind"] in _ELSEWHERE:
        raise RecipeError(
            f"a recipe of kind {values['kind']} learns from the public folders, not from a manifest",
            where=where,
            hint=_ELSEWHERE[values["kind"]],
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


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError("is no key=value", where=override, hint="Write for example stages.0.epochs=3")
    try:
        value = _parse(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"the value is no YAML: {_one_line(error)}", where=override) from None
    _put(values, key.split("."), value, override)


def _put(node: Any, keys: list[str], value: Any, where: str) -> None:
    key, rest = keys[0], keys[1:]
    if isinstance(node, list):
        if key == "*":
            for index in range(len(node)):
                _put(node, [str(index), *rest], value, where)
            return
        if not key.isdigit() or int(key) >= len(node):
            raise RecipeError(
                f"{key!r} is no place in a list of {len(node)}", where=where, hint="Places count from 0; * means all"
            )
        if rest:
            _put(node[int(key)], rest, value, where)
        else:
            node[int(key)] = value
    elif isinstance(node, dict):
        if rest:
            if node.get(key) is None:
                node[key] = {}
            _put(node[key], rest, value, where)
        else:
            node[key] = value
    else:
        raise RecipeError(f"there is nothing below a plain value at {key!r}", where=where)


def _parse(text: str) -> Any:
    loader = _Loader(text)
    try:
        return _copied(loader.get_single_data())
    finally:
        loader.dispose()


def _copied(value: Any) -> Any:
    """Every alias its own copy: an override of one place must not change the others."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
