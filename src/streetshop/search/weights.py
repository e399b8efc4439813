"""How much each block of a vector counts in a search: a preset, or numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Final, TypeAlias

import numpy as np

from streetshop.core.errors import WeightsError
from streetshop.core.records import Block, Vector
from streetshop.search.numbers import parse_number
from streetshop.search.presets import preset_weights

Weights: TypeAlias = str | Mapping[str, float]
"""The name of a preset, or the weights of some blocks; the others keep their defaults."""

MAX_WEIGHT: Final = 100
_MAX_PARTS: Final = 64


def parse_weights(values: Sequence[str]) -> Weights | None:
    """Weights from text: the name of a preset, or one JSON object, or ``name=value``, repeated or separated by commas.

    Returns:
        The name, not checked yet, or the weights that were named; None if there are none.

    Raises:
        WeightsError: the text is none of these.
    """
    if not any(values):
        return None
    if len(values) > _MAX_PARTS:
        raise WeightsError(f"{len(values)} weights are given", hint="Give each block once")
    if values[0].lstrip().startswith("{"):
        try:
            content = json.loads(values[0])
        except (ValueError, RecursionError):
            raise WeightsError("the weights are no JSON object", where="weights", hint='E.g. {"colour": 2}') from None
        pairs = list(content.items())
    else:
        parts = [part for value in values for part in value.split(",") if part.strip()]
        names = [part.strip() for part in parts if "=" not in part]
        if names and len(parts) == 1:
            return names[0]
        if names:
            raise WeightsError(
                f"{names[0][:40]!r} is given beside other weights",
                where="weights",
                hint="Give one preset alone, or write BLOCK=NUMBER for each block, as in colour=6",
            )
        pairs = [_pair(part) for part in parts]
    weights: dict[str, float] = {}
    for name, value in pairs:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WeightsError(
                f"the weight of {name[:40]!r} is no number", where="weights", hint="Write BLOCK=NUMBER, as in colour=6"
            )
        try:
            weights[name] = float(value)
        except OverflowError:
            raise WeightsError(
                f"the weight of {name[:40]!r} is too large", where="weights", hint=f"At most {MAX_WEIGHT}"
            ) from None
    return weights


def _pair(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), parse_number(value)
    except ValueError:
        return name.strip(), None


def check_weights(weights: Weights | None, blocks: Sequence[Block]) -> dict[str, float]:
    """The weight of every block: those of a preset, or the given ones and the defaults of the others.

    Raises:
        WeightsError: a name is no preset or no block, a weight is not a number from 0 to 100, or all are zero.
    """
    if isinstance(weights, str):
        return preset_weights(weights, blocks)
    names = [block.name for block in blocks]
    if not isinstance(weights, Mapping | None):
        raise WeightsError(f"the weights are {weights!r:.80}", hint="Give a preset, or numbers as in {'colour': 2}")
    for name, value in (weights or {}).items():
        if name not in names:
            raise WeightsError(f"no block is called {name!r}", hint=f"This encoder has {', '.join(names)}")
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= MAX_WEIGHT:
            raise WeightsError(f"weight {name}={value!r}", hint=f"Weights are numbers from 0 to {MAX_WEIGHT}")
    full = {block.name: float((weights or {}).get(block.name, block.weight)) for block in blocks}
    if not any(full.values()):
        raise WeightsError("all weights are zero", hint="Give at least one block a weight above 0")
    return full


def weigh(vector: Vector, blocks: Sequence[Block], weights: Mapping[str, float]) -> Vector:
    """Each block times its weight: the dot product with a stored vector is then the weighted sum of cosines."""
    factors = np.repeat([weights[block.name] for block in blocks], [block.dim for block in blocks])
    query: Vector = (vector * factors).astype(np.float32)
    return query
