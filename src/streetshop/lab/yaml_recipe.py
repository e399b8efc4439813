"""A recipe in YAML to its validated form, or one error that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from streetshop.errors import RecipeError

Recipe = TypeVar("Recipe", bound=BaseModel)


class Strict(BaseModel):
    """Part of a recipe: what it does not know is an error, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_recipe(path: Path, model: type[Recipe]) -> Recipe:
    """Read ``path`` and validate it. Raises :class:`RecipeError` that names the key and its value."""
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecipeError(f"cannot be read ({error.strerror})", where=str(path), hint="Check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"is no YAML: {' '.join(str(error).split())}", where=str(path)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"{first['msg']}; the value is {first['input']!r}", where=f"{path}: {key}") from None
