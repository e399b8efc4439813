"""Example queries with their nearest products under each method, and the confusions of wrong first results."""

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
    """One query and its results.

    Attributes:
        row: of the manifest.
        found: by subject, its nearest: rows (k,), -1 beyond the gallery's end, and hits (k,).
    """

    row: int
    found: dict[str, tuple[NDArray[np.intp], NDArray[np.bool_]]]


def choose(comparison: Comparison, protocol: Protocol, count: int) -> list[int]:
    """Choose queries spread evenly from easy to hard; returns their positions.

    Ease is the mean reciprocal rank over all subjects. Categories alternate. Queries without a match are left out.
    """
    metric = next(m for m in ("mrr", *protocol.metrics) if m in protocol.metrics)
    results = [comparison.result(subject.name, protocol.name) for subject in comparison.subjects]
    ease = np.mean([result.values[metric] for result in results], axis=0)
    order = [int(i) for i in np.argsort(-ease, kind="stable") if not np.isnan(ease[i])]
    categories = results[0].categories
    chosen: list[int] = []
    for part in np.array_split(np.asarray(order, dtype=np.intp), max(min(count, len(order)), 1)):
        if len(part):
            chosen.append(pick(part.tolist(), categories, Counter(categories[i] for i in chosen)))
    return chosen


def pick(part: Sequence[int], categories: Sequence[str], seen: Counter[str]) -> int:
    """Of the queries whose category was shown least, the one nearest to the middle of ``part``."""
    place = min(range(len(part)), key=lambda i: (seen[categories[part[i]]], abs(i - len(part) / 2)))
    return part[place]


def examples(comparison: Comparison, protocol: Protocol, count: int) -> list[Example]:
    """``count`` queries with every subject's results."""
    chosen = choose(comparison, protocol, count)
    rows = roles(comparison.manifest, protocol).query
    found = {s.name: comparison.found(s, protocol, NEAREST, chosen) for s in comparison.subjects}
    return [
        Example(int(rows[query]), {name: (each.rows[i], each.hits[i]) for name, each in found.items()})
        for i, query in enumerate(chosen)
    ]


def mistakes(comparison: Comparison, protocol: Protocol) -> Table:
    """Count wrong first results for each subject.

    Of the queries with a match: how many have another product first, how many of these share at least the category,
    and the commonest confusions of categories.
    """
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
