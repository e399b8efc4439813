"""How much several readers disagree about a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streetshop.core.errors import UsageError
from streetshop.core.records import Garment, Look
from streetshop.lab.annotate.uncertainty import normalised_entropy, vote_shares

SAME: Final = 0.5
"""Least overlap (IoU) of two boxes of one garment."""
NOTHING: Final = ""
"""The vote of a reader that finds no garment there."""


def disagreement(looks: Sequence[Look]) -> float:
    """Return the disagreement of a committee about a photo: the sum of the vote entropies of its garments.

    Each reader votes for a category, or for nothing, at each place where any of them finds a garment. The entropy of
    the votes is divided by its largest value (vote entropy: Dagan and Engelson 1995, *Committee-Based Sampling*,
    equation 5).

    Raises:
        UsageError: fewer than two looks, or looks of photos of different sizes.
    """
    if len(looks) < 2:
        raise UsageError("a committee has at least two members", hint="Give another --committee BUNDLE")
    if len({(look.width, look.height) for look in looks}) > 1:
        raise UsageError("looks of different photos were given to one committee")
    return sum(normalised_entropy(vote_shares(votes), len(looks)) for votes in ballots(looks))


def ballots(looks: Sequence[Look]) -> list[tuple[str, ...]]:
    """Return the votes of each reader for each place.

    Places are found greedily: the garment of the highest score that has no place opens one, and takes from each other
    reader the garment that overlaps it most, if their overlap is at least :data:`SAME`.
    """
    free: list[list[Garment]] = [list(look.garments) for look in looks]
    found = []
    while any(free):
        owner, first = max(
            ((i, garment) for i, garments in enumerate(free) for garment in garments), key=lambda pair: pair[1].score
        )
        votes = []
        for i, garments in enumerate(free):
            near = first if i == owner else max(garments, key=lambda g: g.box.iou(first.box), default=None)
            if near is None or (i != owner and near.box.iou(first.box) < SAME):
                votes.append(NOTHING)
                continue
            garments.remove(near)
            votes.append(near.category)
        found.append(tuple(votes))
    return found
