"""Bootstrap intervals over queries, and paired tests of one run against another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError

ROUNDS = 2000
_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its percentile-bootstrap interval.

    Attributes:
        mean, low, high: NaN when no query has a value.
        queries: how many queries went in; those without a match did not.
        level: of the interval.
    """

    mean: float
    low: float
    high: float
    queries: int
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """``b`` minus ``a`` over the same queries.

    Attributes:
        low, high: percentile bootstrap of the difference, queries drawn in pairs.
        p_value: of a two-sided permutation test that swaps a and b query by query (or cluster by cluster); never 0.
    """

    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p_value: float
    queries: int
    level: float = 0.95


def bootstrap(
    values: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    rounds: int = ROUNDS,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Mean with its percentile-bootstrap interval (Efron 1979).

    Args:
        values: (queries,), NaN left out.
        clusters: (queries,) draws whole clusters: photos of one product or by one sender are not independent, and
            drawing them singly makes the interval too narrow.
        rounds: of the bootstrap.
        level: of the interval.
        seed: of the draws.
    """
    sums, counts = _by_cluster(np.asarray(values, dtype=np.float64), clusters)
    if counts.sum() == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, level)
    drawn = _resample(sums, counts, rounds, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(sums.sum() / counts.sum()), float(low), float(high), int(counts.sum()), level)


def bootstrap_of(
    measure: Callable[[NDArray[np.intp]], float], count: int, *, rounds: int = 500, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Any statistic, such as a mean IoU, with its percentile-bootstrap interval.

    Args:
        measure: the statistic of the items at given places, which may repeat.
        count: items in all, such as photos; they are drawn with replacement.
        rounds: of the bootstrap.
        level: of the interval.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, 0])
    drawn = [measure(rng.integers(0, count, count)) for _ in range(rounds)]
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(measure(np.arange(count)), float(low), float(high), count, level)


def paired(
    a: ArrayLike,
    b: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    rounds: int = ROUNDS,
    permutations: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Compare two runs on the same queries, in the same order.

    Args:
        a: (queries,) values of the first run; queries that are NaN in both are left out.
        b: (queries,) values of the second run.
        clusters: (queries,) draws and swaps whole clusters; see :func:`bootstrap`.
        rounds: of the bootstrap.
        permutations: of the test.
        level: of the interval.
        seed: of the draws.

    Raises:
        MeasureError: the shapes differ, or a query has a value in one run only.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise MeasureError(f"runs of shapes {first.shape} and {second.shape}", hint="Give one value per query for both")
    if (np.isnan(first) != np.isnan(second)).any():
        raise MeasureError("a query has a value in one run only", hint="Both runs need the same gallery")
    present = ~np.isnan(first)
    count = int(present.sum())
    if count == 0:
        nothing = float("nan")
        return PairedDifference(nothing, nothing, nothing, nothing, nothing, nothing, 0, level)
    sums, counts = _by_cluster(second - first, clusters)
    drawn = _resample(sums, counts, rounds, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    rng = np.random.default_rng([seed, 1])
    observed = abs(sums.sum())
    extreme = 0
    for size in _portions(permutations, len(sums)):
        signs = rng.integers(0, 2, (size, len(sums)), dtype=np.int8) * 2 - 1
        # Slack for rounding: the observed assignment must count as at least as extreme as itself.
        extreme += int((np.abs(signs @ sums) >= observed * (1 - 1e-12)).sum())
    return PairedDifference(
        float(first[present].mean()),
        float(second[present].mean()),
        float(sums.sum() / counts.sum()),
        float(low),
        float(high),
        (extreme + 1) / (permutations + 1),
        count,
        level,
    )


def _by_cluster(
    values: NDArray[np.float64], clusters: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(sum, count) of each cluster's values that are not NaN; clusters without any are left out."""
    present = ~np.isnan(values)
    if clusters is None:
        kept = values[present]
        return kept, np.ones(len(kept))
    names = np.asarray(clusters).astype(str)
    if names.shape != values.shape:
        raise MeasureError(f"clusters of shape {names.shape} for {values.shape} values", hint="One per query")
    _, codes = np.unique(names[present], return_inverse=True)
    sums = np.asarray(np.bincount(codes, weights=values[present]), np.float64)
    return sums, np.bincount(codes).astype(np.float64)


def _resample(sums: NDArray[np.float64], counts: NDArray[np.float64], rounds: int, seed: int) -> NDArray[np.float64]:
    """(rounds,) means of clusters drawn with replacement."""
    rng = np.random.default_rng([seed, 0])
    means = []
    for size in _portions(rounds, len(sums)):
        drawn = rng.integers(0, len(sums), (size, len(sums)))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(means)


def _portions(rounds: int, width: int) -> list[int]:
    """``rounds`` in parts that keep a (part, width) array small."""
    size = max(1, _BLOCK // max(width, 1))
    return [min(size, rounds - start) for start in range(0, rounds, size)]
