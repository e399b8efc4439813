"""The encoder's recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streetshop.errors import RecipeError

Part = Literal["global", "garment", "texture"]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Teaching(_Strict):
    """How one block is taught.

    ``parts``: the features it sees. ``keep``: weight of keeping the cosines that the untrained components have.
    ``weight``: the block's default weight in a search.
    """

    dim: Annotated[int, Field(ge=2, le=256)]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    steps: Annotated[int, Field(ge=0)]
    batch: Annotated[int, Field(ge=8)] = 512
    rate: Positive = 1e-3
    decay: Annotated[float, Field(ge=0)] = 1e-4
    dropout: Share = 0.1
    temperature: Positive = 0.1
    keep: Annotated[float, Field(ge=0)] = 0.0
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class Pairs(_Strict):
    """How many products are made from Clothing Co-Parsing; see ``lab.datasets.made_pairs.Settings``."""

    products: Annotated[int, Field(ge=1)] = 2000
    per_garment: Annotated[int, Field(ge=1)] = 2


class EncoderRecipe(_Strict):
    """Everything about a training of the encoder but its data's place."""

    kind: Literal["encoder"]
    name: str
    version: str
    seed: int = 0
    pairs: Pairs = Pairs()
    colour_weight: Annotated[float, Field(ge=0, le=100)] = 0.5
    blocks: dict[Literal["style", "shape", "pattern"], Teaching]


def load_encoder_recipe(path: Path) -> EncoderRecipe:
    """Read and validate a recipe. Raises :class:`RecipeError` that names the key."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return EncoderRecipe.model_validate(values)
    except OSError as error:
        raise RecipeError(f"cannot be read ({error.strerror})", where=str(path), hint="Check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"is no YAML: {' '.join(str(error).split())}", where=str(path)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"{first['msg']}; the value is {first['input']!r}", where=f"{path}: {key}") from None
