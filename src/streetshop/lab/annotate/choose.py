"""Choose photos that are uncertain and different from each other."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

POOL: Final = 10
"""Candidates for each photo that is chosen: the most uncertain ones."""


def choose_diverse(
    uncertainty: NDArray[np.float64], vectors: NDArray[np.float32], count: int, *, pool: int = POOL, seed: int = 0
) -> NDArray[np.intp]:
    """Choose photos by weighted k-means over the most uncertain ones.

    After Zhdanov 2019, *Diverse mini-batch Active Learning*, algorithm 1. The ``pool * count`` most uncertain photos
    are divided into ``count`` clusters, each photo weighed by its uncertainty. Of each cluster the photo nearest to its
    centre is chosen.

    Args:
        uncertainty: (photos,), at least 0.
        vectors: (photos, dim) of unit length.
        count: photos to choose; all of them if there are no more.
        pool: candidates for each chosen photo; 1 chooses by uncertainty alone.
        seed: of the clusters' first centres.

    Returns:
        (count,) indices, the most uncertain first.
    """
    from sklearn.cluster import KMeans

    order = np.argsort(-uncertainty, kind="stable")
    if count >= len(order):
        return order
    candidates = order[: max(pool, 1) * count]
    if len(candidates) == count:
        return candidates
    points = vectors[candidates].astype(np.float64)
    # Photos of which a reader is sure of everything weigh little, not nothing: k-means needs positive weights.
    weights = uncertainty[candidates] + 1e-6
    count = min(count, len(candidates))
    means = KMeans(min(count, len(np.unique(points, axis=0))), n_init=1, random_state=seed)
    means.fit(points, sample_weight=weights)
    distance = np.linalg.norm(points - means.cluster_centers_[means.labels_], axis=1)
    chosen = [
        int(members[np.argmin(distance[members])])
        for label in range(means.n_clusters)
        if len(members := np.flatnonzero(means.labels_ == label))
    ]
    # Of equal pictures there are fewer clusters than photos wanted: the most uncertain of the rest fill up.
    taken = set(chosen)
    chosen += [i for i in range(len(candidates)) if i not in taken][: count - len(chosen)]
    return candidates[np.sort(np.asarray(chosen, np.intp))]
