"""The miner of method 2: draws a negative from the nearest pictures of other products."""

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
        query_products: (q,) product indices; the product of a query is never among its negatives.
        gallery_products: (g,) product indices.
        k: number of negatives; fewer if the gallery has fewer of other products.
        chunk: queries per matrix of distances.

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
    """(q, k) of :func:`nearest_negatives` to (q,): one of each row with equal probability; -1 for an empty row."""
    count = (nearest >= 0).sum(1)
    choice = np.minimum((rng.random(len(nearest)) * count).astype(np.int64), np.maximum(count - 1, 0))
    return nearest[np.arange(len(nearest)), choice] if nearest.shape[1] else np.full(len(nearest), -1, np.int64)
