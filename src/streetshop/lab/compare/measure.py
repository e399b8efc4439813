"""Measure all subjects under the same protocols on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import UsageError
from streetshop.lab.compare.subjects import Subject
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.evaluate import (
    Neighbours,
    PairedDifference,
    Protocol,
    Result,
    compare,
    evaluate,
    neighbours,
    protocol_named,
    roles,
)
from streetshop.lab.evaluate.ranking import Distance

DEFAULT_PROTOCOLS: Final = ("street-to-shop", "street-to-shop-in-category", "look", "category-precision")
"""Whole gallery, the query's category, macro precision and recall, and precision by category."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All results, on one manifest.

    Attributes:
        used: manifest rows that have vectors, ascending; ``Subject.vectors`` are in this order.
        results: by subject, by protocol.
        notes: limits of the comparison as a whole.
    """

    manifest: Manifest
    used: NDArray[np.intp]
    protocols: tuple[Protocol, ...]
    subjects: tuple[Subject, ...]
    results: dict[str, dict[str, Result]]
    notes: tuple[str, ...] = ()

    def result(self, subject: str, protocol: str) -> Result:
        """One subject's result under one protocol."""
        return self.results[subject][protocol]

    def found(self, subject: Subject, protocol: Protocol, k: int, queries: Sequence[int] | None = None) -> Neighbours:
        """The ``k`` nearest of some queries, given as positions among the protocol's queries (default: all)."""
        sides = _sides(self.manifest, self.used, subject, protocol)
        return neighbours(
            self.manifest, protocol, sides.query, sides.gallery, k, queries=queries, distance=subject.distance
        )

    def against(self, first: str, second: str, protocol: str, metric: str) -> PairedDifference:
        """``second`` minus ``first``; the bootstrap draws whole photos.

        Raises:
            UsageError: a name is unknown.
        """
        for name in (first, second):
            if name not in self.results:
                raise UsageError(f"nothing compared is named {name!r}", hint=f"There are {', '.join(self.results)}")
        return compare(self.result(first, protocol), self.result(second, protocol), metric, by_group=True)


def chosen_protocols(names: Sequence[str]) -> tuple[Protocol, ...]:
    """The protocols of those names, without repetitions.

    Raises:
        MeasureError: a name is unknown.
    """
    return tuple(protocol_named(name) for name in dict.fromkeys(names or DEFAULT_PROTOCOLS))


def rows_to_encode(manifest: Manifest, protocols: Sequence[Protocol]) -> NDArray[np.intp]:
    """Every row that is a query or in the gallery of any of the protocols.

    Raises:
        MeasureError: a protocol has no such rows, for example without a test split.
    """
    sides = [roles(manifest, protocol) for protocol in protocols]
    return np.unique(np.concatenate([part for each in sides for part in (each.query, each.gallery)]))


def measure(
    manifest: Manifest,
    used: NDArray[np.intp],
    protocols: Sequence[Protocol],
    subjects: Sequence[Subject],
    *,
    notes: Sequence[str] = (),
    progress: Callable[[str], Any] = lambda name: None,
) -> Comparison:
    """Rank by every subject's vectors under every protocol."""
    results: dict[str, dict[str, Result]] = {}
    for subject in subjects:
        progress(subject.name)
        for protocol in protocols:
            sides = _sides(manifest, used, subject, protocol)
            results.setdefault(subject.name, {})[protocol.name] = evaluate(
                manifest,
                protocol,
                sides.query,
                sides.gallery,
                distance=subject.distance,
                missed=sides.missed,
                run=subject.name,
            )
    return Comparison(manifest, used, tuple(protocols), tuple(subjects), results, tuple(notes))


@dataclass(frozen=True, eq=False)
class _Sides:
    query: Matrix
    gallery: Matrix
    missed: NDArray[np.bool_]


def _sides(manifest: Manifest, used: NDArray[np.intp], subject: Subject, protocol: Protocol) -> _Sides:
    rows = roles(manifest, protocol)
    query, gallery = np.searchsorted(used, rows.query), np.searchsorted(used, rows.gallery)
    missed, absent = ~subject.usable[query], ~subject.usable[gallery]
    sides = subject.vectors[query], subject.vectors[gallery]
    return _Sides(*(sides if subject.usable.all() else rank_last(*sides, missed, absent, subject.distance)), missed)


def rank_last(
    query: Matrix, gallery: Matrix, missed: NDArray[np.bool_], absent: NDArray[np.bool_], distance: Distance
) -> tuple[Matrix, Matrix]:
    """Append a dimension in which ``absent`` gallery rows are farther than all others from any query.

    The order of the others stays. For cosine, queries get -2 and absent rows 1 there: an absent row has a negative
    cosine, and all other cosines shrink by one factor. For Euclidean distance, absent rows lie farther out than any two
    others lie apart. ``missed`` queries may get any direction: :func:`evaluate` counts them as failures.
    """
    if distance == "cosine":
        query, gallery = (m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1e-12) for m in (query, gallery))
        away, beyond = np.full(len(query), -2.0), 1.0
    else:
        longest = max(float(np.linalg.norm(m, axis=1).max(initial=0)) for m in (query, gallery))
        away, beyond = np.zeros(len(query)), 3 * max(longest, 1.0)
    marks = np.where(absent, beyond, 0.0)
    return (
        np.concatenate([np.where(missed[:, None], 0, query), away[:, None]], axis=1).astype(np.float32),
        np.concatenate([np.where(absent[:, None], 0, gallery), marks[:, None]], axis=1).astype(np.float32),
    )
