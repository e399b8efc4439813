"""Kinds: the groups of articles that garments in photos and products of a shop are sorted into."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streetshop.core.errors import RequestInvalid

KINDS: Final = (
    "top",
    "outerwear",
    "trousers",
    "shorts",
    "skirt",
    "dress",
    "footwear",
    "bag",
    "hat",
    "scarf",
    "legwear",
    "accessory",
)
"""The garment classes of the shipped reader. A product that is none of them, such as a bed sheet, has no kind."""


def check_kinds(names: Iterable[str], where: str = "kinds") -> tuple[str, ...]:
    """Return kinds in lower case, without repetitions. Raises RequestInvalid, which lists the kinds."""
    found = tuple(dict.fromkeys(name.strip().lower() for name in names))
    unknown = [name for name in found if name not in KINDS]
    if unknown:
        raise RequestInvalid(f"{unknown[0][:60]!r} is no kind", where=where, hint=f"Kinds are {', '.join(KINDS)}")
    return found
