"""Queries with their nearest products, for every method the same ones; and what stands first where it is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.tables import Table
from streetshop.lab.evaluate import Neighbours, Protocol, roles

NEAREST: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One query.

    Attributes:
        row: of the manifest.
        found: by subject, its nearest: rows (k,), -1 where nothing is left, and hits (k,).
    """

    row: int
    found: dict[str, tuple[NDArray[np.intp], NDArray[np.bool_]]]


def choose(comparison: Comparison, protocol: Protocol, count: int) -> list[int]:
    """Positions of queries from easy to hard, evenly by their mean reciprocal rank over all subjects, no category
    twice before each was there once. Queries without a match are left out."""
    metric = next(m for m in ("mrr", *protocol.metrics) if m in protocol.metrics)
    results = [comparison.result(subject.name, protocol.name) for subject in comparison.subjects]
    ease = np.mean([result.values[metric] for result in results], axis=0)
    order = [int(i) for i in np.argsort(-ease, kind="stable") if not np.isnan(ease[i])]
    categories = results[0].categories
    chosen: list[int] = []
    for part in np.array_split(np.asarray(order, dtype=np.intp), max(min(count, len(order)), 1)):
        if len(part):
            chosen.append(_pick(part.tolist(), categories, Counter(categories[i] for i in chosen)))
    return chosen


def _pick(part: Sequence[int], categories: Sequence[str], seen: Counter[str]) -> int:
    """The one in the middle, of those whose category was shown least."""
    place = min(range(len(part)), key=lambda i: (seen[categories[part[i]]], abs(i - len(part) / 2)))
    return part[place]


def examples(comparison: Comparison, protocol: Protocol, count: int) -> list[Example]:
    """``count`` queries and what each subject finds for them."""
    chosen = choose(comparison, protocol, count)
    rows = roles(comparison.manifest, protocol).query
    found = {s.name: comparison.found(s, protocol, NEAREST, chosen) for s in comparison.subjects}
    return [
        Example(int(rows[query]), {name: (each.rows[i], each.hits[i]) for name, each in found.items()})
        for i, query in enumerate(chosen)
    ]


def mistakes(comparison: Comparison, protocol: Protocol) -> Table:
    """Of the queries with a match, how many have another product first; of these, how many at least its category; and
    the commonest confusions of categories."""
    categories = comparison.manifest.column("category")
    asked = roles(comparison.manifest, protocol).query
    rows = []
    for subject in comparison.subjects:
        relevant = comparison.result(subject.name, protocol.name).relevant > 0
        first: Neighbours = comparison.found(subject, protocol, 1)
        wrong = relevant & ~first.hits[:, 0] & (first.rows[:, 0] >= 0) & subject.usable[_place(comparison, asked)]
        of, to = categories[asked[wrong]], categories[first.rows[wrong, 0]]
        same = int((of == to).sum())
        common = Counter((a, b) for a, b in zip(of, to, strict=True) if a != b).most_common(3)
        rows.append(
            (
                subject.name,
                f"{int(wrong.sum())} of {int(relevant.sum())}",
                f"{same / max(int(wrong.sum()), 1):.0%}",
                ", ".join(f"{a} → {b} ({n})" for (a, b), n in common) or "–",
            )
        )
    header = ("method", "wrong product first", "of these its category", "commonest confusions")
    return Table(header, tuple(rows))


def _place(comparison: Comparison, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.searchsorted(comparison.used, rows)
