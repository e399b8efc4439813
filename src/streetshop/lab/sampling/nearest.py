"""Method 2's miner: a negative is drawn from the nearest pictures of other products."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def nearest_negatives(
    queries: Tensor,
    gallery: Tensor,
    query_products: NDArray[np.int64],
    gallery_products: NDArray[np.int64],
    *,
    k: int = 25,
    chunk: int = 1024,
) -> NDArray[np.int64]:
    """For each query the ``k`` nearest gallery pictures of *other* products, nearest first.

    Args:
        queries: (q, d), from the query stream.
        gallery: (g, d), from the gallery stream: with unshared streams this is the search across streams.
        query_products, gallery_products: product indices; a query's own product is never among its negatives.
        k: how many; fewer where the gallery holds fewer of other products.

    Returns:
        (q, k') gallery indices by Euclidean distance, ties by the smaller index; -1 fills rows that have fewer.
    """
    own = torch.from_numpy(query_products).to(gallery.device)
    theirs = torch.from_numpy(gallery_products).to(gallery.device)
    k = min(k, len(gallery))
    rows = []
    for start in range(0, len(queries), chunk):
        part = slice(start, start + chunk)
        distance = torch.cdist(queries[part].float(), gallery.float(), compute_mode="donot_use_mm_for_euclid_dist")
        distance[own[part, None] == theirs[None]] = torch.inf
        nearest, index = distance.sort(dim=1, stable=True)
        rows.append(torch.where(nearest[:, :k].isinf(), -1, index[:, :k]))
    found = torch.cat(rows) if rows else torch.empty((0, k), dtype=torch.int64)
    return found.cpu().numpy()


def draw_nearest(nearest: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """(q, k) of :func:`nearest_negatives` to (q,): one of each row, all alike likely; -1 for a row without any."""
    count = (nearest >= 0).sum(1)
    choice = np.minimum((rng.random(len(nearest)) * count).astype(np.int64), np.maximum(count - 1, 0))
    return nearest[np.arange(len(nearest)), choice] if nearest.shape[1] else np.full(len(nearest), -1, np.int64)
