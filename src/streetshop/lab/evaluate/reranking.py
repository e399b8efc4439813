"""Order candidates again by the neighbours that they share with the query."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

POOL: Final = 200
"""Candidates that are ordered again."""
_NEAREST: Final = 20
_AVERAGED: Final = 6
_ORIGINAL: Final = 0.3
"""k1, k2 and lambda of the paper, which uses these values on all of its data sets."""


def k_reciprocal(
    similarities: NDArray[np.float64],
    likeness: NDArray[np.float64],
    *,
    nearest: int = _NEAREST,
    averaged: int = _AVERAGED,
    original: float = _ORIGINAL,
) -> NDArray[np.float64]:
    """Distances by k-reciprocal re-ranking (Zhong, Zheng, Cao and Li, 2017, eqs. 2 to 12).

    Two pictures are k-reciprocal neighbours when each is among the k nearest of the other. The distance of a candidate
    is the Jaccard distance of its set of such neighbours from that of the query, mixed with the original distance.

    Args:
        similarities: (n,) of the candidates to the query, -1 to 1.
        likeness: (n, n) of each two candidates, on the same scale.
        nearest: k1, neighbours of each picture.
        averaged: k2, nearest pictures whose sets are averaged (local query expansion).
        original: lambda, share of the original distance, 0 to 1.

    Returns:
        (n,) distances from 0 to 1; smaller is nearer.
    """
    count = len(similarities) + 1
    both = np.ones((count, count))
    both[0, 1:] = both[1:, 0] = similarities
    both[1:, 1:] = likeness
    np.fill_diagonal(both, np.inf)  # each picture is its own nearest
    order = np.argsort(-both, axis=1, kind="stable")
    distance = np.clip(1 - np.where(np.isinf(both), 1, both), 0, 2)
    distance /= distance.max() or 1.0
    reciprocal = _reciprocal(order, nearest)
    half = _reciprocal(order, max(round(nearest / 2), 1))
    overlap = reciprocal.astype(np.float32) @ half.T.astype(np.float32)
    grows = reciprocal & (3 * overlap >= 2 * half.sum(axis=1))
    members = reciprocal | (grows.astype(np.float32) @ half.astype(np.float32) > 0)
    sets = np.where(members, np.exp(-distance), 0)
    sets /= sets.sum(axis=1, keepdims=True)
    sets = sets[order[:, : min(averaged, count)]].mean(axis=1)
    shared = np.minimum(sets[0], sets[1:]).sum(axis=1)
    jaccard = 1 - shared / (2 - shared)
    found: NDArray[np.float64] = (1 - original) * jaccard + original * distance[0, 1:]
    return found


def _reciprocal(order: NDArray[np.intp], k: int) -> NDArray[np.bool_]:
    """(n, n) whether two pictures are among the k nearest of each other; each is its own neighbour beside these."""
    near = np.zeros(order.shape, np.bool_)
    np.put_along_axis(near, order[:, : k + 1], True, axis=1)
    return near & near.T
