"""Which kinds of products a garment is searched among."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from streetshop.catalog.filters import And, Equals, Filter, Has, Not, Or
from streetshop.core.errors import RequestInvalid
from streetshop.core.kinds import KINDS, check_kinds

NEARLY_LEVEL: Final = 0.6
"""A second kind is searched too when its probability is at least this share of the first one's."""
AGREEMENT: Final = 0.05
"""How much a product's rank falls when the probability that it is of the garment's kind falls by a factor of e."""
_UNKNOWN: Final = 0.5
"""Probability that a product of unknown kind is of the garment's kind, for the ranking."""
_LEAST: Final = 0.02


def parse_kinds(values: Sequence[str]) -> tuple[str, ...] | None:
    """Kinds from text: ``auto`` is None, ``any`` is empty, else names, repeated or separated by commas.

    Raises:
        RequestInvalid: a name is no kind, or ``auto`` or ``any`` stands beside others.
    """
    names = [name.strip().lower() for value in values for name in value.split(",") if name.strip()]
    if not names or names == ["auto"]:
        return None
    if names == ["any"]:
        return ()
    if {"auto", "any"} & set(names):
        raise RequestInvalid(
            f"kinds are {', '.join(names)[:80]!r}", where="kinds", hint="Give auto, any, or names of kinds"
        )
    return check_kinds(names)


def likely_kinds(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The kind a garment most probably is, or two that are nearly level, with their probabilities.

    Args:
        probabilities: of the kinds, see ``Garment.kinds``; names that are no kinds are left out.

    Returns:
        Empty when nothing is known: all kinds are searched.
    """
    known = sorted(((p, kind) for kind, p in probabilities.items() if kind in KINDS), key=lambda pair: -pair[0])[:2]
    return {kind: p for p, kind in known if p > 0 and p >= NEARLY_LEVEL * known[0][0]}


def of_kinds(where: Filter | None, kinds: Sequence[str], *, unknown: bool = True) -> Filter | None:
    """The filter, narrowed to some kinds; to all of them when none is given.

    Args:
        where: the shopper's filter.
        kinds: that products must be of.
        unknown: products of unknown kind pass too.
    """
    if not kinds:
        return where
    term: Filter = Equals("kind", tuple(kinds))
    if unknown:
        term = Or((term, Not(Has("kind"))))
    return _both(where, term)


def agreement(kinds: Mapping[str, float]) -> dict[str, float]:
    """What is added to the similarities of products, by their kind; that of unknown kind is ``""``.

    It is ``AGREEMENT`` times the logarithm of the probability that garment and product are of one kind: 0 when it is 1.

    Args:
        kinds: searched kinds with their probabilities; empty when all kinds are searched, and nothing is added.
    """
    if not kinds:
        return {}
    total = sum(kinds.values())
    return {**{kind: _added(p / total) for kind, p in kinds.items()}, "": _added(_UNKNOWN)}


def other_kinds(where: Filter | None, kinds: Mapping[str, float]) -> tuple[Filter, dict[str, float]]:
    """The filter for products that are not known to be of these kinds, and what is added to their similarities."""
    return _both(where, Not(Equals("kind", tuple(kinds)))), dict.fromkeys(("", *KINDS), _added(_LEAST))


def _added(probability: float) -> float:
    return AGREEMENT * math.log(max(probability, _LEAST))


def _both(where: Filter | None, term: Filter) -> Filter:
    if where is None:
        return term
    return And((*where.terms, term) if isinstance(where, And) else (where, term))
