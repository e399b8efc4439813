"""Choose the garment of a product among the garments in its picture, by the product's category."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from streetshop.core.records import Garment, Look

CLASS_OF_WORD: Final[Mapping[str, str]] = {
    word: name
    for name, words in tomllib.loads(
        files("streetshop.indexing").joinpath("kinds.toml").read_text(encoding="utf-8")
    ).items()
    for word in words
}
"""The garment class of the shipped reader for the last word of a category, see ``kinds.toml``."""


def product_garment(look: Look, category: str) -> Garment:
    """The garment that a picture of a product shows.

    Among the garments that fit the category, or all if none fits, the one of the largest area of its box times score. A
    garment fits a category with the same last words (``dress`` and ``maxi dresses``), or with a synonym of its class as
    the last word (``jeans`` are ``trousers``).
    """
    wanted = _words(category)
    known = CLASS_OF_WORD.get(wanted[-1]) if wanted else None
    fitting = [g for g in look.garments if g.category == known or _fits(_words(g.category), wanted)]
    return max(fitting or look.garments, key=lambda garment: garment.score * garment.box.area)


def _words(text: str) -> list[str]:
    """``"Maxi Dresses"`` is ``["maxi", "dress"]``: lower case, letters only, without an English plural."""
    words = re.findall(r"[^\W\d_]+", text.lower().replace("t-shirt", "tshirt"))
    return [re.sub(r"(?<=ss|sh|ch)es$|(?<=[^s])s$", "", word) for word in words]


def _fits(found: list[str], wanted: list[str]) -> bool:
    """Whether one ends with the other: ``dress`` fits ``maxi dress``, ``ankle boot`` fits ``boot``."""
    length = min(len(found), len(wanted))
    return length > 0 and found[-length:] == wanted[-length:]
