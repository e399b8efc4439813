"""Clustering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate.clustering import ClusterModel, fit_clusters
from tests.lab.curate.drawn import blobs


@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_blobs_are_found_and_others_given_to_them(algorithm: str) -> None:
    unit, truth = blobs(60, 40, 30)
    model = fit_clusters(unit, algorithm, count=3, least=10, project=False)  # type: ignore[arg-type]
    other, other_truth = blobs(20, 20, 20, seed=1)
    for points, expected in ((unit, truth), (other, other_truth)):
        labels = model.assign(points)
        named = labels >= 0
        assert named.mean() > 0.9
        assert len(set(zip(labels[named].tolist(), expected[named].tolist(), strict=True))) == 3
    stranger = np.eye(16, dtype=np.float32)[[9]]
    assert model.assign(stranger).tolist() == [-1]


def test_the_same_pictures_give_the_same_clusters(tmp_path: Path) -> None:
    unit, _ = blobs(40, 40)
    model = fit_clusters(unit, "kmeans", count=2)
    assert fit_clusters(unit, "kmeans", count=2).fingerprint == model.fingerprint
    model.save(tmp_path / "model.npz")
    assert ClusterModel.load(tmp_path / "model.npz").fingerprint == model.fingerprint


def test_one_cluster_is_one_cluster() -> None:
    unit, _ = blobs(80)
    assert fit_clusters(unit, "hdbscan", least=20, project=False).labels.max() == 0


def test_no_cluster_at_all_is_an_error() -> None:
    unit = np.eye(40, dtype=np.float32)
    with pytest.raises(CurateError, match=r"no cluster.*kmeans"):
        fit_clusters(unit, "hdbscan", least=60, project=False)
    with pytest.raises(CurateError, match="too few to cluster"):
        fit_clusters(unit[:5], "kmeans")
