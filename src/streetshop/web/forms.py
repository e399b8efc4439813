"""Fields of a form or a query string to values, each with an error that names the field."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from starlette.datastructures import FormData, QueryParams

from streetshop.core.errors import RequestInvalid, VectorError
from streetshop.core.geometry import Box
from streetshop.core.records import Block, Vector
from streetshop.search import Searcher, SearchRequest
from streetshop.search.numbers import parse_number, parse_whole
from streetshop.search.request import check_vector, parse_box
from streetshop.search.weights import Weights, parse_weights
from streetshop.web.settings import Settings


def search_request(
    fields: FormData | QueryParams,
    searcher: Searcher,
    settings: Settings,
    *,
    garment: int | None = None,
    boxes: Sequence[Box] = (),
) -> SearchRequest:
    """The search that the fields of ``COMMON_FIELDS`` (``api/search.py``) describe, checked."""
    k, offset = one(fields, "k"), one(fields, "offset")
    return checked(
        searcher,
        settings,
        k=None if k is None else whole_number("k", k),
        where=one(fields, "filter"),
        weights=parse_weights([str(value) for value in fields.getlist("weights")]),
        kinds=[str(value) for value in fields.getlist("kinds")] or None,
        variants=variants(one(fields, "variants")),
        offset=0 if offset is None else whole_number("offset", offset),
        text=one(fields, "text"),
        explain=flag(fields, "explain"),
        diverse=number("diverse", one(fields, "diverse") or "0"),
        min_score=number("min_score", one(fields, "min_score") or "0"),
        garment=garment,
        boxes=boxes,
    )


def checked(
    searcher: Searcher,
    settings: Settings,
    *,
    k: int | None,
    where: str | None,
    weights: Weights | None,
    **about: Any,
) -> SearchRequest:
    """A search within this server's limits; a blank filter lets everything pass."""
    return SearchRequest.check(
        searcher.store,
        searcher.encoder.blocks,
        k=settings.default_k if k is None else k,
        where=where if where and where.strip() else None,
        weights=weights,
        calibration=searcher.encoder.spec.calibration,
        max_k=settings.max_k,
        **about,
    )


def variants(text: str | None) -> bool:
    """Whether every product is a result (``all``) or every design (``design``, the default)."""
    if text not in (None, "design", "all"):
        raise RequestInvalid(f"variants is {text[:40]!r}", where="variants", hint="Give design or all")
    return text == "all"


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


def refuse_unknown(given: Iterable[str], known: Sequence[str], kind: str) -> None:
    """Raise RequestInvalid for the first name that is not known; it names the nearest one."""
    for name in given:
        if name not in known:
            near = get_close_matches(name.lower(), known, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            hint += f"There are {', '.join(known)}" if known else "This address takes none"
            raise RequestInvalid(f"there is no {kind} {name[:40]!r}", where=name[:40], hint=hint)


def flag(fields: FormData | QueryParams, name: str) -> bool:
    """A field that is true or false; false when missing."""
    text = (one(fields, name) or "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise RequestInvalid(f"{name} is {text[:40]!r}", where=name, hint="Give true or false")
    return text in ("true", "1")


def number(name: str, text: str) -> float:
    """A field that is a number. Raises RequestInvalid."""
    try:
        return parse_number(text)
    except ValueError:
        raise RequestInvalid(f"{name} is {text[:40]!r}", where=name, hint="Give a number") from None


def whole_number(name: str, text: str) -> int:
    """A field that is a whole number. Raises RequestInvalid."""
    try:
        return parse_whole(text)
    except ValueError:
        raise RequestInvalid(f"{name} is {text[:40]!r}", where=name, hint="Give a whole number") from None


def boxes_of(fields: FormData) -> list[Box]:
    """The boxes of a form. Raises RequestInvalid or GeometryError."""
    return [parse_box(str(value)) for value in fields.getlist("box") if value]


def vector_of(text: str, blocks: Sequence[Block]) -> Vector:
    """A vector as :func:`streetshop.present.json.vector_text` writes it. Raises VectorError."""
    hint = "Send back the vector of an earlier answer of this server"
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    except (binascii.Error, ValueError):
        raise VectorError("the vector is no base64 of float32 numbers", where="vector", hint=hint) from None
    return check_vector(vector, blocks, hint)
