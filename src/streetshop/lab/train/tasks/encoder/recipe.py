"""The encoder's recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from streetshop.lab.train.yaml_recipe import Strict, read_recipe

Part = Literal["global", "garment", "texture", "colours"]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Naming(Strict):
    """Names as lessons of style, beside identities: pictures that share all three names belong together (weight
    ``together``), and those that share one of them (``each``). ``batch`` more pictures are drawn for it, in pairs.
    """

    batch: Annotated[int, Field(ge=4)] = 768
    together: Annotated[float, Field(ge=0)] = 0.6
    each: Annotated[float, Field(ge=0)] = 0.3
    temperature: Positive = 0.25


class Teaching(Strict):
    """How one block is taught.

    ``parts``: the features it sees. ``hidden``: numbers of a layer in between, 0 for none.
    ``keep``: weight of keeping the cosines that the untrained components have.
    ``weight``: the block's default weight in a search.
    """

    dim: Annotated[int, Field(ge=2, le=256)]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    hidden: Annotated[int, Field(ge=0)] = 0
    steps: Annotated[int, Field(ge=0)]
    batch: Annotated[int, Field(ge=8)] = 512
    rate: Positive = 1e-3
    decay: Annotated[float, Field(ge=0)] = 1e-4
    dropout: Share = 0.1
    temperature: Positive = 0.1
    keep: Annotated[float, Field(ge=0)] = 0.0
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    names: Naming | None = None


class Tuning(Strict):
    """How the upper part of the backbone is taught, together with the heads, once these know their first lessons.

    ``rate``: of the backbone; ``head_rate``: of the heads. ``batch``: half of it in pairs of one product, half of it by
    kind. ``workers``: parts of a batch that the backbone takes side by side on a CPU, a thread each.
    """

    steps: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=16)] = 256
    rate: Positive = 1e-4
    head_rate: Positive = 3e-4
    decay: Annotated[float, Field(ge=0)] = 0.05
    warm_up: Annotated[int, Field(ge=0)] = 15
    workers: Annotated[int, Field(ge=1, le=16)] = 1


class Pairs(Strict):
    """How many products are made from Clothing Co-Parsing; see ``lab.data.made_pairs.Settings``.

    ``tagged`` is how many more are made of photos without pixel labels, through the shipped reader's masks.
    """

    products: Annotated[int, Field(ge=1)] = 2000
    tagged: Annotated[int, Field(ge=0)] = 0
    per_garment: Annotated[int, Field(ge=1)] = 2


class Drawings(Strict):
    """Products of the studio as extra material.

    ``share`` is theirs among the views by which names of kinds, colours and patterns are taught.
    """

    products: Annotated[int, Field(ge=1)] = 2500
    seed: int = 5
    size: Annotated[int, Field(ge=64)] = 288
    share: Share = 0.2


class EncoderRecipe(Strict):
    """Everything about a training of the encoder but its data's place."""

    kind: Literal["encoder"]
    name: str
    version: str
    seed: int = 0
    pairs: Pairs = Pairs()
    drawings: Drawings | None = None
    blocks: dict[Literal["style", "colour", "shape", "pattern"], Teaching]
    tuning: Tuning | None = None


def load_encoder_recipe(path: Path, overrides: Sequence[str] = ()) -> EncoderRecipe:
    """Read, change and validate a recipe. Raises :class:`~streetshop.core.errors.RecipeError` that names the key."""
    return read_recipe(path, EncoderRecipe, overrides)
