"""Clusters: found, described, decided about, and applied to other data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation, clusters
from streetshop.lab.curate.clustering import ClusterModel, fit_clusters
from streetshop.lab.curate.clusters import Cluster, describe, labels_of, run_clusters, suggest
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.features import Features, reduced, run_features
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import pile


def blobs(*sizes: int, spread: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(16, dtype=np.float32)[truth] + spread * rng.standard_normal((len(truth), 16)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True), truth


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


def test_numbers_of_a_cluster_are_the_naive_ones(tmp_path: Path) -> None:
    rows = [Sample(f"{i}.jpg", "shop", f"p{i % 3}", "hat" if i < 6 else "shoe", group=f"g{i}") for i in range(10)]
    unit, _ = blobs(5, 5)
    labels = np.array([0] * 8 + [-1, -2])
    found, centrality = describe(Manifest.from_rows(rows, tmp_path), unit, labels)
    first = found[0]
    assert (first.id, first.size, first.category, first.purity) == ("c-000", 8, "hat", 0.75)
    assert (first.products, first.groups, found[1].id) == (3, 8, "outliers")
    centre = unit[:8].mean(axis=0)
    cosines = unit[:8] @ centre / np.linalg.norm(centre)
    assert first.cohesion == pytest.approx(cosines.mean(), abs=1e-3)
    np.testing.assert_allclose(centrality[:8], cosines, atol=1e-5)
    # All nine: 2/3 hats; in the cluster 3/4.
    assert first.surprise == pytest.approx(3 / 4 - 6 / 9, abs=1e-3)


def test_suggestions() -> None:
    def cluster(purity: float, surprise: float, cohesion: float, id: str = "c-000", labelled: int = 50) -> Cluster:
        return Cluster(id, 50, labelled, "hat", purity, surprise, cohesion, 9, 9, "", "")

    others = [cluster(0.9, 0.8, 0.6), cluster(0.8, 0.8, 0.5)]
    assert suggest(cluster(0.9, 0.7, 0.6), others).suggested == "keep"
    assert suggest(cluster(0.3, 0.1, 0.9), others).suggested == "drop"
    assert suggest(cluster(0.3, 0.1, 0.2), others).suggested == "look"
    assert suggest(cluster(0.3, 0.1, 0.9, "outliers"), others).suggested == "look"
    # Street pictures have no category yet: that is no reason to drop them.
    assert suggest(cluster(0.0, 0.0, 0.9, labelled=0), others).suggested == "look"
    assert suggest(cluster(0.3, 0.1, 0.9, labelled=20), others).suggested == "look"


def tables(curation: Curation) -> set[int]:
    return {i for i, image in enumerate(curation.manifest.column("image")) if "table" in image}


def test_nothing_goes_before_somebody_decides(curation: Curation) -> None:
    summary = run_clusters(curation, algorithm="kmeans")
    assert summary["dropped"] == 0
    assert summary["undecided"] == len(summary["clusters"])
    index = (curation.folder / "clusters" / "index.html").read_text()
    assert "c-000.html" in index
    assert "data:image/jpeg" in index
    assert "<script" not in index
    sheet = (curation.folder / "clusters" / "c-000.html").read_text()
    assert sheet.count("<figure") == min(summary["clusters"][0]["size"], clusters.ON_SHEET)


def test_suggested_verdicts_drop_the_size_tables(curation: Curation) -> None:
    run_clusters(curation, algorithm="kmeans", accept_suggested=True)
    assert set(curation.drops("clusters")) == tables(curation)


def test_decisions_by_hand_count_and_hold_for_new_data(curation: Curation, tmp_path: Path) -> None:
    summary = run_clusters(curation, algorithm="kmeans")
    labels = labels_of(curation)
    number = int(np.bincount(labels[sorted(tables(curation))]).argmax())
    path = curation.folder / "decisions" / "clusters.csv"
    path.parent.mkdir()
    path.write_text(f"# streetshop decisions: clusters of {summary['model']}\nc-{number:03}, drop\n")
    assert run_clusters(curation)["clusters"][number]["verdict"] == "drop"
    assert set(curation.drops("clusters")) == set(np.flatnonzero(labels == number).tolist()) >= tables(curation)

    other = Curation.create(tmp_path / "other", pile(tmp_path / "new", products=3, shots=1, tables=6))
    run_features(other, SMALL)
    run_clusters(other, like=curation.folder)
    assert tables(other) <= set(other.drops("clusters"))
    assert len(other.drops("clusters")) < len(other.manifest) / 2


def test_decisions_about_other_clusters_are_refused_and_kept(curation: Curation) -> None:
    run_clusters(curation, algorithm="kmeans")
    path = curation.folder / "decisions" / "clusters.csv"
    Decisions(path, "clusters", "0123456789abcdef", {"c-000": "drop"}).write()
    before = path.read_text()
    with pytest.raises(CurateError, match=r"about clusters of 0123456789abcdef, not about clusters of"):
        run_clusters(curation)
    assert path.read_text() == before


def test_everything_dropped_is_an_error(curation: Curation) -> None:
    summary = run_clusters(curation, algorithm="kmeans")
    verdicts = {cluster["id"]: "drop" for cluster in summary["clusters"]}
    Decisions(curation.folder / "decisions" / "clusters.csv", "clusters", summary["model"], verdicts).write()
    with pytest.raises(CurateError, match="every picture is in a cluster to drop"):
        run_clusters(curation)


def test_clusters_of_other_features_are_refused(curation: Curation, tmp_path: Path) -> None:
    from streetshop.lab.curate.encoders import EncoderChoice

    run_clusters(curation, algorithm="kmeans")
    other = Curation.create(tmp_path / "other", pile(tmp_path / "new", products=1, shots=1, tables=1))
    run_features(other, EncoderChoice(size=32))
    with pytest.raises(CurateError, match="its features come from"):
        run_clusters(other, like=curation.folder)


def test_clusters_and_decisions_outlive_pictures_that_come_and_go(curation: Curation) -> None:
    summary = run_clusters(curation, algorithm="kmeans")
    Decisions(curation.folder / "decisions" / "clusters.csv", "clusters", summary["model"], {"c-001": "drop"}).write()
    labels = labels_of(curation)
    cache = Path(curation.summary("features")["store"])
    picture = curation.manifest.row(0).path
    hidden = picture.rename(picture.with_suffix(".away"))
    try:
        assert run_features(curation, SMALL, cache=cache)["dropped"] == 1
    finally:
        hidden.rename(picture)
    again = run_clusters(curation)
    assert again["model"] == summary["model"]
    assert again["clusters"][1]["verdict"] == "drop"
    assert labels_of(curation)[1:].tolist() == labels[1:].tolist()


def test_features_of_another_encoder_make_other_clusters(curation: Curation, tmp_path: Path) -> None:
    from streetshop.lab.curate.encoders import EncoderChoice

    model = run_clusters(curation, algorithm="kmeans")["model"]
    run_features(curation, EncoderChoice(size=32), cache=tmp_path / "other")
    assert run_clusters(curation, algorithm="kmeans")["model"] != model


def test_running_an_earlier_step_again_undoes_the_later_ones(curation: Curation) -> None:
    from streetshop.lab.curate.duplicates import run_duplicates

    run_clusters(curation, algorithm="kmeans")
    run_duplicates(curation)
    assert curation.done("duplicates")
    assert curation.drops("duplicates")
    run_clusters(curation, accept_suggested=True)
    assert not curation.done("duplicates")
    assert not curation.drops("duplicates")


def test_short_features_keep_the_order_of_likeness(curation: Curation) -> None:
    features = Features.of(curation)
    short = reduced(curation, features)
    full = features.vectors[features.index]
    full = full - full.mean(axis=0)
    full /= np.linalg.norm(full, axis=1, keepdims=True)
    np.testing.assert_allclose(short @ short[0], full @ full[0], atol=0.08)
