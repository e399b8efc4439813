"""Answers in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from streetshop.core.records import Match, Prediction
from streetshop.search import GarmentAnswer
from streetshop.search.closeness import closeness

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
    """What an answer lacks; empty when it lacks nothing."""
    kinds = " or ".join(plurals(found.kinds))
    one = kinds.endswith("wear")  # outerwear is, dresses are
    if found.lacking == "kind":
        return f"This shop sells no {kinds}."
    if found.lacking == "filter":
        return f"No {kinds or 'products'} {'passes' if one else 'pass'} the filter."
    if found.lacking == "min_score":
        return f"No {kinds or 'products'} {'has' if one else 'have'} the least score."
    if found.lacking == "closeness":
        return f"Nothing close: the nearest {kinds or 'products'} {'is' if one else 'are'} only loosely similar."
    return ""


def others_text(found: GarmentAnswer) -> str:
    """The line above products of other kinds; empty when there are none."""
    if not found.others:
        return ""
    return f"{'Similar' if found.lacking == 'closeness' else 'The nearest'} products of other kinds:"


def closeness_text(match: Match) -> str:
    """How close a match is: words, or the similarity when the encoder gives no scores."""
    return closeness(match.score) or _similarity(match)


def score_text(match: Match) -> str:
    """The numbers behind :func:`closeness_text`."""
    score = "" if match.score is None else f"score {match.score:.2f}, "
    return score + _similarity(match)


def _similarity(match: Match) -> str:
    # a search by words alone compares no blocks
    return f"{'similarity' if match.blocks else 'relevance'} {match.similarity:.2f}"


def plurals(kinds: Iterable[str]) -> list[str]:
    """Names of kinds for a sentence."""
    return [_PLURALS.get(kind, kind) for kind in kinds]


def predicted_text(predicted: Mapping[str, Prediction]) -> str:
    """Predicted attributes in a line: ``"colour red (predicted, 0.93), sleeve long (predicted, 0.97)"``."""
    return ", ".join(f"{name} {each.value} (predicted, {each.probability:.2f})" for name, each in predicted.items())
