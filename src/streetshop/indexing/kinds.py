"""The kind of a product by its pictures, and the garment that a picture shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from streetshop.core.kinds import KINDS
from streetshop.core.records import Garment, KindSource, Look, Product
from streetshop.feeds.kinds import last_words

LEAST_VOTE: Final = 0.5
"""Least probability of a kind by pictures; below it the kind stays unknown."""


def product_garment(look: Look, category: str, kind: str = "") -> Garment:
    """The garment that a picture of a product shows.

    Of the garments of the kind, or else those whose class is the last word of the category, it is the most confident
    one. If none fits, it is the one of the largest area of its box times score: docs/experiments/garment-choice.md. So
    a look without garments but the whole photo gives that. Serving and :mod:`streetshop.lab.data.detect` share it.
    """
    wanted = last_words(category)
    fitting = [g for g in look.garments if kind in (g.category, _likeliest(g))] if kind else []
    fitting = fitting or [g for g in look.garments if _fits(last_words(g.category), wanted)]
    if fitting:
        return max(fitting, key=lambda garment: (garment.score, garment.box.area))
    return max(look.garments, key=lambda garment: garment.score * garment.box.area)


def _likeliest(garment: Garment) -> str:
    """The kind that a garment most probably is: a detector's classes are finer than kinds."""
    return max(garment.kinds, key=lambda kind: garment.kinds[kind], default="")


def vote(shots: Iterable[Mapping[str, float]]) -> tuple[str, float]:
    """The kind that a product's pictures show, and its probability: the mean over the pictures.

    Args:
        shots: the probabilities of kinds in each picture; empty ones do not vote.

    Returns:
        ``("", 0.0)`` when no kind reaches :data:`LEAST_VOTE`.
    """
    votes = [kinds for kinds in shots if kinds]
    means = {kind: sum(kinds.get(kind, 0.0) for kinds in votes) / len(votes) for kind in KINDS} if votes else {}
    best = max(means, key=lambda kind: means[kind], default="")
    return (best, means[best]) if best and means[best] >= LEAST_VOTE else ("", 0.0)


def with_kind(product: Product) -> Product:
    """The product with a kind by the tags of its shots (see :func:`vote`), unless its feed says the kind."""
    if product.kind and product.kind_source != "picture":
        return product
    kind, probability = vote((shot.tags or {}).get("kind", {}) for shot in product.shots)
    source: KindSource = "picture" if kind else ""
    return replace(product, kind=kind, kind_source=source, kind_probability=round(probability, 3))


def _fits(found: list[str], wanted: list[str]) -> bool:
    """Whether one ends with the other: ``dress`` fits ``maxi dress``, ``ankle boot`` fits ``boot``."""
    length = min(len(found), len(wanted))
    return length > 0 and found[-length:] == wanted[-length:]
