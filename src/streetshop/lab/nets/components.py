"""Principal components of features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def principal_components(
    features: NDArray[np.float32], dim: int, whiten: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Projection (dim, n) and offset (dim,): ``features @ projection.T + offset`` are the first components.

    Args:
        features: (examples, n).
        dim: number of components.
        whiten: each component is divided by its standard deviation to this power: 0 leaves them as they are, 1 gives
            all of them one spread. On clothing photos 1 costs 2 to 7 points of category precision@10.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    variances, vectors = np.linalg.eigh(np.cov(features, rowvar=False))
    first = np.argsort(variances)[::-1][:dim]
    projection = vectors[:, first].T
    # A component's sign is arbitrary: fix it, so that the same pictures give the same file.
    projection *= np.sign(projection[np.arange(dim), np.abs(projection).argmax(axis=1)])[:, None]
    if whiten:
        projection /= np.maximum(variances[first], 1e-12)[:, None] ** (whiten / 2)
    return projection.astype(np.float32), (-projection @ mean).astype(np.float32)
