"""How unsure a reader is of a photo."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from streetshop.core.records import Garment, Look

Measure = Literal["entropy", "margin"]
MEASURES: Final[tuple[Measure, ...]] = ("entropy", "margin")


def photo_uncertainty(look: Look, measure: Measure = "entropy") -> float:
    """Return the uncertainty of a photo: the sum over its garments.

    Of sum, mean and maximum, the sum chose the best photos for detectors (Brust, Käding and Denzler 2019, *Active
    Learning for Deep Object Detection*, section 3.2).

    Args:
        look: what a reader found. A look without a reader, and one without garments, has uncertainty 0.
        measure: see :func:`garment_uncertainty`.
    """
    if look.reader is None:
        return 0.0
    return sum(garment_uncertainty(garment, measure) for garment in look.garments)


def garment_uncertainty(garment: Garment, measure: Measure = "entropy") -> float:
    """Return how unsure the kind of a garment is, from 0 to 1.

    Args:
        garment: with ``kinds`` where the reader gives them; else the kinds are its category, with its score, and
            anything else.
        measure: ``entropy`` of the kinds over its largest value; ``margin``: 1 minus the difference of the two most
            probable kinds (Settles 2009, section 3.1).
    """
    chances = [p for p in garment.kinds.values() if p > 0] if len(garment.kinds) > 1 else []
    if not chances:
        chances, possible = [garment.score, 1 - garment.score], 2
    else:
        possible = len(garment.kinds)
    total = sum(chances)
    shares = sorted((p / total for p in chances), reverse=True)
    if measure == "margin":
        return 1 - (shares[0] - (shares[1] if len(shares) > 1 else 0.0))
    return normalised_entropy(shares, possible)


def normalised_entropy(shares: Sequence[float], possible: int) -> float:
    """Return the entropy of shares that sum to 1, over that of ``possible`` equal shares; 0 if only one is possible."""
    if possible < 2:
        return 0.0
    return max(-sum(p * math.log(p) for p in shares if p > 0) / math.log(possible), 0.0)


def vote_shares(votes: Iterable[str]) -> list[float]:
    """Return the shares of the different votes."""
    counts: dict[str, int] = {}
    total = 0
    for vote in votes:
        counts[vote] = counts.get(vote, 0) + 1
        total += 1
    return [count / total for count in counts.values()]
