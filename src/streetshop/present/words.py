"""Answers in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from streetshop.core.records import Prediction
from streetshop.search import GarmentAnswer

_PLURALS: Final = {
    "top": "tops",
    "outerwear": "outerwear",
    "trousers": "trousers",
    "shorts": "shorts",
    "skirt": "skirts",
    "dress": "dresses",
    "footwear": "footwear",
    "bag": "bags",
    "hat": "hats",
    "scarf": "scarves",
    "legwear": "legwear",
    "accessory": "accessories",
}


def lacking_text(found: GarmentAnswer) -> str:
    """Why an answer has no matches; empty when it has some."""
    kinds = " or ".join(plurals(found.kinds))
    more = " The nearest products of other kinds:" if found.others else ""
    if found.lacking == "kind":
        return f"This shop sells no {kinds}.{more}"
    if found.lacking == "filter":
        return f"No {kinds} pass the filter.{more}"
    return ""


def plurals(kinds: Iterable[str]) -> list[str]:
    """Names of kinds for a sentence."""
    return [_PLURALS.get(kind, kind) for kind in kinds]


def predicted_text(predicted: Mapping[str, Prediction]) -> str:
    """Predicted attributes in a line: ``"colour red (predicted, 0.93), sleeve long (predicted, 0.97)"``."""
    return ", ".join(f"{name} {each.value} (predicted, {each.probability:.2f})" for name, each in predicted.items())
