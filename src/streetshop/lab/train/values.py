"""A recipe's plain values: YAML, changed by the overrides of the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from streetshop.core.errors import RecipeError


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


def read_values(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The keys and values of ``path``, not validated.

    Args:
        path: of the YAML file.
        overrides: ``key=value``, the key with dots (``stages.0.epochs=3``; ``stages.*.epochs=3`` for every stage with
            gradients), the value in YAML.

    Raises:
        RecipeError: it cannot be read, is no YAML, or an override fits nowhere.
    """
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot be read ({error.strerror})", where=str(path), hint="Check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"is no YAML: {_one_line(error)}", where=str(path)) from None
    if not isinstance(values, dict):
        raise RecipeError(f"holds {type(values).__name__}, not keys and values", where=str(path))
    for override in overrides:
        _override(values, override)
    return values


def parse_yaml(text: str) -> Any:
    """Plain values; every alias is a copy of its own. Raises :class:`yaml.YAMLError`."""
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


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError("is no key=value", where=override, hint="Write for example stages.0.epochs=3")
    try:
        value = parse_yaml(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"the value is no YAML: {_one_line(error)}", where=override) from None
    _put(values, key.split("."), value, override)


def _put(node: Any, keys: list[str], value: Any, where: str) -> None:
    key, rest = keys[0], keys[1:]
    if isinstance(node, list):
        if key == "*":
            for index, entry in enumerate(node):
                if not (isinstance(entry, dict) and "fit" in entry):
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
