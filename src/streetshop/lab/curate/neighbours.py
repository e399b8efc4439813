"""Similar pictures: all pairs above a cosine, their connected components, and nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from streetshop.lab.curate.encoders import Vectors

Pairs = NDArray[np.int64]

EXACT_UP_TO: Final = 20_000
_PROBES: Final = 8
_BATCH: Final = 1024


def pairs_above(unit: Vectors, threshold: float, *, threads: int = 1, exact: bool | None = None) -> Iterator[Pairs]:
    """(pairs, 2) rows i < j whose cosine is at least ``threshold``, in batches.

    Beyond 20,000 rows only the eight nearest cells of an inverted file are searched (faiss IVF, 2 sqrt(n) cells), at a
    cost of about n^1.5 instead of n^2 and with a small loss of recall.

    Args:
        unit: (rows, dims) float32 unit vectors.
        threshold: least cosine.
        threads: number of threads.
        exact: True compares all pairs, False uses the inverted file; None decides by size.
    """
    faiss.omp_set_num_threads(threads)
    n = len(unit)
    index = cells_index(unit) if exact is False or (exact is None and n > EXACT_UP_TO) else _flat(unit.shape[1])
    index.add(unit)
    for start in range(0, n, _BATCH):
        limits, _, right = index.range_search(unit[start : start + _BATCH], threshold)
        left = start + np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))
        later = right > left
        yield np.stack([left[later], right[later]], axis=1).astype(np.int64)


def _flat(dims: int) -> Any:
    return faiss.IndexFlatIP(dims)


def cells_index(unit: Vectors) -> Any:
    """A trained, empty inverted file for the vectors ``unit``."""
    n, dims = unit.shape
    cells = max(int(2 * np.sqrt(n)), 1)
    index: Any = faiss.index_factory(dims, f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 8
    index.cp.max_points_per_centroid = 64
    index.train(unit[np.random.default_rng(0).choice(n, min(n, 64 * cells), replace=False)])
    index.nprobe = _PROBES
    return index


def groups_within(points: Vectors, distance: float) -> NDArray[np.int64]:
    """(rows,) connected component of each row; Euclidean distances up to ``distance`` connect."""
    from scipy.spatial import cKDTree

    return connected(len(points), iter([cKDTree(points).query_pairs(distance, output_type="ndarray")]))


def connected(n: int, parts: Iterator[Pairs]) -> NDArray[np.int64]:
    """(n,) connected component of each of ``n`` nodes; ``parts`` are (pairs, 2) edges."""
    labels = np.arange(n)
    waiting: list[Pairs] = []
    held = 0
    for part in parts:
        waiting.append(part)
        held += len(part)
        # A thousand copies of a picture make half a million pairs: join them before memory runs out.
        if held > 4 * n:
            labels, waiting, held = _joined(labels, waiting), [], 0
    return _joined(labels, waiting)


def _joined(labels: NDArray[np.int64], pairs: list[Pairs]) -> NDArray[np.int64]:
    """``labels`` with the groups that ``pairs`` connect joined."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = labels[np.concatenate(pairs)] if pairs else np.empty((0, 2), np.int64)
    size = int(labels.max()) + 1 if len(labels) else 0
    graph = coo_matrix((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)[labels]


def nearest(base: Vectors, queries: Vectors, k: int, *, threads: int = 1) -> tuple[Vectors, NDArray[np.int64]]:
    """(queries, k) cosines and rows of the nearest of ``base``; row -1 where there are fewer."""
    faiss.omp_set_num_threads(threads)
    index = cells_index(base) if len(base) > EXACT_UP_TO else _flat(base.shape[1])
    index.add(base)
    cosines, rows = index.search(np.ascontiguousarray(queries, np.float32), k)
    return cosines, rows.astype(np.int64)
