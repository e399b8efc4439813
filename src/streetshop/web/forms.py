"""Fields of a request to values, each with an error that names the field."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from starlette.datastructures import FormData, QueryParams

from streetshop.core.errors import RequestInvalid, VectorError, WeightsError
from streetshop.core.geometry import Box
from streetshop.core.records import Block, Vector
from streetshop.web.settings import MAX_BOXES, MAX_FORM_FIELDS, Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every kind of search may ask for. ``weights`` only of the blocks that were named."""

    k: int
    filter: str | None
    weights: dict[str, float] | None


def wanted(fields: FormData | QueryParams, settings: Settings) -> Wanted:
    """``k``, ``filter`` and ``weights`` of a form or a query string."""
    text = one(fields, "k")
    k = settings.default_k if text is None else check_k(whole_number("k", text), settings)
    return Wanted(k, one(fields, "filter"), weights_of([str(value) for value in fields.getlist("weights")]))


def check_k(k: int, settings: Settings) -> int:
    """Raise RequestInvalid unless ``k`` is within the limits."""
    if not 1 <= k <= settings.max_k:
        raise RequestInvalid(f"k is {k}", where="k", hint=f"Ask for 1 to {settings.max_k} products")
    return k


def one(fields: FormData | QueryParams, name: str) -> str | None:
    """The text of a field given at most once, None when it is missing or empty."""
    values = fields.getlist(name)
    if len(values) > 1:
        raise RequestInvalid(f"{name} is given {len(values)} times", where=name, hint="Give it once")
    if not values:
        return None
    if not isinstance(values[0], str):
        raise RequestInvalid(f"the field {name} holds a file, not text", where=name, hint="Send it as text")
    return values[0] or None


def flag(fields: FormData | QueryParams, name: str) -> bool:
    """A field that is true or false; false when missing."""
    text = (one(fields, name) or "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise RequestInvalid(f"{name} is {text[:40]!r}", where=name, hint="Give true or false")
    return text in ("true", "1")


def whole_number(name: str, text: str) -> int:
    """A field that is a whole number. Raises RequestInvalid."""
    try:
        if len(text) > 12:
            raise ValueError
        return int(text)
    except ValueError:
        raise RequestInvalid(f"{name} is {text[:40]!r}", where=name, hint="Give a whole number") from None


def weights_of(values: Sequence[str]) -> dict[str, float] | None:
    """Weights as one JSON object, or as ``name=value`` any number of times. Raises WeightsError."""
    if not any(values):
        return None
    if len(values) > MAX_FORM_FIELDS:
        raise WeightsError(f"{len(values)} weights are given", hint="Give each block once")
    if values[0].lstrip().startswith("{"):
        try:
            content = json.loads(values[0])
        except (ValueError, RecursionError):
            raise WeightsError("the weights are no JSON object", where="weights", hint='E.g. {"colour": 2}') from None
        pairs = list(content.items())
    else:
        pairs = [_pair(part) for value in values for part in value.split(",") if part]
    weights: dict[str, float] = {}
    for name, value in pairs:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise WeightsError(f"the weight of {name[:40]!r} is no number", where="weights", hint="E.g. colour=6")
        weights[name] = float(value)
    return weights


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    try:
        return name.strip(), float(value) if equals else None
    except ValueError:
        return name.strip(), None


def boxes_of(fields: FormData) -> list[Box]:
    """Boxes ``x0,y0,x1,y1`` in pixels of the upright photo. Raises RequestInvalid or GeometryError."""
    values = [str(value) for value in fields.getlist("box") if value]
    if len(values) > MAX_BOXES:
        raise RequestInvalid(f"{len(values)} boxes are given", where="box", hint=f"At most {MAX_BOXES} are searched")
    boxes = []
    for text in values:
        try:
            numbers = [float(part) for part in text.strip(" []()").split(",")]
        except ValueError:
            raise RequestInvalid(
                f"box is {text[:80]!r}", where="box", hint="Give x0,y0,x1,y1 in pixels of the upright photo"
            ) from None
        boxes.append(Box.from_sequence(numbers))
    return boxes


def vector_of(text: str, blocks: Sequence[Block]) -> Vector:
    """A vector as :func:`answers.vector_text` writes it, every block brought to unit length. Raises VectorError."""
    dim = sum(block.dim for block in blocks)
    hint = "Send back the vector of an earlier answer of this server"
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError):
        raise VectorError("the vector is no base64 of float32 numbers", where="vector", hint=hint) from None
    if vector.shape != (dim,) or not np.isfinite(vector).all():
        raise VectorError(f"the vector needs {dim} finite numbers", where="vector", hint=hint)
    start = 0
    for block in blocks:
        part = vector[start : start + block.dim]
        norm = float(np.linalg.norm(part.astype(np.float64)))
        if not 1e-6 < norm < 1e6:
            raise VectorError(f"its block {block.name} has length {norm:g}", where="vector", hint=hint)
        part /= norm
        start += block.dim
    return vector
