"""Compressed vectors of a sealed segment: product quantization, scanned in registers.

Product quantization (Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", PAMI 2011) with 16
centroids per part, scanned with SIMD table look-ups (André, Kermarrec and Le Scouarnec, "Cache locality is not enough",
VLDB 2015). Every vector is scanned, so recall depends neither on clusters in the data nor on the weights of a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance.segment import Segment
from streetshop.catalog.store import Progress, split_blocks
from streetshop.core.records import Block

_PARTS: Final = 128
"""Parts that a vector is split into, 4 bits each and at least two dimensions; half as many from ``_MANY`` shots on."""
_MANY: Final = 300_000
_TRAINING: Final = 20_000
_STEP: Final = 1 << 15
_PROBES: Final = 100
_K: Final = 20


def compress(segment: Segment, blocks: Sequence[Block], report: Progress) -> tuple[Any, float]:
    """Compress the vectors of a segment.

    Returns:
        A faiss index of the vectors, trained on a sample of them, and its recall at 20 against exact search.
    """
    import faiss

    faiss.omp_set_num_threads(1)  # a background job: the other cores belong to the searches
    rng = np.random.default_rng(0)
    vectors, (shots, dim) = segment.vectors, segment.vectors.shape
    most = _PARTS if shots < _MANY else _PARTS // 2
    width = max(2, -(-dim // most))
    parts = -(-dim // width)
    codes = faiss.IndexPQFastScan(parts * width, parts, 4, faiss.METRIC_INNER_PRODUCT)
    sample = np.sort(rng.choice(shots, min(_TRAINING, shots), replace=False))
    report("compressing", 0, shots)
    codes.train(_padded(vectors[sample], codes.d))
    for start in range(0, shots, _STEP):
        report("compressing", start, shots)
        codes.add(_padded(vectors[start : start + _STEP], codes.d))
    return codes, _recall(replace(segment, codes=codes), blocks, rng, report)


def _recall(segment: Segment, blocks: Sequence[Block], rng: np.random.Generator, report: Progress) -> float:
    """Share of the exact nearest shots that is found; queries are stored vectors, every other one with weights."""
    found = 0
    for done, at in enumerate(rng.choice(len(segment.vectors), _PROBES, replace=False)):
        report("measuring recall", done, _PROBES)
        query = np.array(segment.vectors[at])
        for part in split_blocks(query, blocks).values() if done % 2 else ():
            part *= rng.uniform(0.1, 1)
        near, true = (_top(*segment.nearest(query, _K, None, exact)) for exact in (False, True))
        found += len(near & true)
    report("measuring recall", _PROBES, _PROBES)
    return found / (_PROBES * _K)


def _padded(vectors: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    padded = np.zeros((len(vectors), width), np.float32)
    padded[:, : vectors.shape[1]] = vectors
    return padded


def _top(chosen: NDArray[np.int64], scores: NDArray[np.float32]) -> set[int]:
    return set(chosen[np.lexsort((chosen, -scores))[:_K]].tolist())
