"""Clustering of features: HDBSCAN or k-means on a sample; other pictures join the nearest cluster."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import output_file
from streetshop.lab.curate.encoders import Vectors
from streetshop.lab.curate.neighbours import nearest
from streetshop.lab.curate.reduction import sample

Algorithm = Literal["hdbscan", "kmeans"]

SAMPLE: Final = 10_000
"""Largest sample to cluster: the time of HDBSCAN grows with the square of it."""
_NEIGHBOURS: Final = 5
_REACH: Final = 0.99


@dataclass(frozen=True, eq=False)
class ClusterModel:
    """Clusters, and the assignment of further pictures with features of the same encoder.

    Attributes:
        points: (sample, dims) short unit features of the clustered sample.
        labels: (sample,) cluster of each, -1 for none.
        reach: (clusters,) least cosine to a cluster's nearest points for a picture to belong.
    """

    points: Vectors
    labels: NDArray[np.int64]
    reach: Vectors

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of points and labels."""
        digest = hashlib.sha256(np.ascontiguousarray(self.points).tobytes())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        return digest.hexdigest()[:16]

    def assign(self, unit: Vectors, *, threads: int = 1) -> NDArray[np.int64]:
        """(n,) cluster of each picture by the majority of its nearest sample points, -1 beyond a cluster's reach."""
        k = min(_NEIGHBOURS, len(self.points))
        out = np.full(len(unit), -1, np.int64)
        for start in range(0, len(unit), 8192):
            cosines, rows = nearest(self.points, unit[start : start + 8192], k, threads=threads)
            votes = self.labels[rows]
            best = _majority(votes)
            near = np.where(votes == best[:, None], cosines, -2.0).max(axis=1)
            reach = np.where(best >= 0, self.reach[best], -1.0) if len(self.reach) else np.full(len(best), -1.0)
            out[start : start + 8192] = np.where(near >= reach, best, -1)
        return out

    def save(self, path: Path) -> None:
        """Write a ``.npz`` file."""
        with output_file(path) as partial, partial.open("wb") as file:
            np.savez(file, points=self.points, labels=self.labels, reach=self.reach)

    @classmethod
    def load(cls, path: Path) -> ClusterModel:
        """Read a ``.npz`` file. Raises :class:`CurateError` when it is missing or corrupt."""
        try:
            with np.load(path) as found:
                return cls(found["points"], found["labels"], found["reach"])
        except (OSError, ValueError, KeyError) as error:
            raise CurateError(f"cannot be read ({error})", where=str(path), hint="Run the step clusters") from None


def fit_clusters(
    unit: Vectors,
    algorithm: Algorithm = "hdbscan",
    *,
    count: int | None = None,
    least: int | None = None,
    project: bool = True,
    seed: int = 0,
) -> ClusterModel:
    """Cluster a sample of at most 10,000 pictures.

    Args:
        unit: (rows, dims) reduced unit features.
        algorithm: hdbscan or kmeans.
        count: number of clusters of k-means; None: sqrt(rows / 2), 8 to 200.
        least: size of the smallest HDBSCAN cluster; None: 0.3 % of the sample, at least 10.
        project: run HDBSCAN in five UMAP dimensions instead of ``dims``, where density means little.
        seed: of the sample and the algorithms.

    Raises:
        CurateError: too few pictures, or no clusters at all.
    """
    chosen = sample(np.arange(len(unit)), SAMPLE, seed)
    points = np.ascontiguousarray(unit[chosen], np.float32)
    if len(points) < 20:
        raise CurateError(f"{len(points)} pictures are too few to cluster", hint="Give at least 20, or skip this step")
    if algorithm == "kmeans":
        labels = _kmeans(points, count or int(np.clip(np.sqrt(len(unit) / 2), 8, 200)), seed)
    else:
        labels = _hdbscan(points, least or max(10, round(0.003 * len(points))), project, seed)
    if labels.max() < 0:
        raise CurateError(
            f"HDBSCAN found no cluster: all {len(points)} pictures are outliers",
            hint="Use --algorithm kmeans, or a smaller --least",
        )
    return ClusterModel(points, labels, _reach(points, labels))


def _kmeans(points: Vectors, count: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct pictures than clusters
        return KMeans(min(count, len(points)), n_init=1, random_state=seed).fit_predict(points).astype(np.int64)


def _hdbscan(points: Vectors, least: int, project: bool, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN

    space = points
    if project:
        from umap import UMAP

        neighbours = min(15, len(points) - 1)
        space = UMAP(
            n_components=5, n_neighbors=neighbours, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
        ).fit_transform(points)
    found = np.full(len(points), -1)
    # A single cluster is allowed only if there are not several: the root of the tree otherwise absorbs all others.
    for single in (False, True):
        if found.max() < 0:
            clusterer = HDBSCAN(min_cluster_size=least, min_samples=5, allow_single_cluster=single, copy=True)
            found = clusterer.fit_predict(space)
    if (found >= 0).sum() < least:  # the root is selected whatever its size
        found = np.full(len(points), -1)
    return np.asarray(found, np.int64)


def _reach(points: Vectors, labels: NDArray[np.int64]) -> Vectors:
    """(clusters,) the cosine to the nearest other member that 99 % of a cluster's own members reach."""
    cosines, rows = nearest(points, points, _NEIGHBOURS + 1)
    others = (rows != np.arange(len(points))[:, None]) & (labels[rows] == labels[:, None])
    near = np.where(others, cosines, -1.0).max(axis=1)
    return np.array(
        [np.quantile(near[labels == label], 1 - _REACH) for label in range(int(labels.max()) + 1)], np.float32
    )


def _majority(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the most frequent value of each row of (n, k); the first (nearest) of ties."""
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    return votes[np.arange(len(votes)), counts.argmax(axis=1)]
