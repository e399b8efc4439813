"""Clusters: found, described, decided about, and applied to other data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation, clusters
from streetshop.lab.curate.clusters import Cluster, describe, labels_of, run_clusters, suggest
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.features import run_features
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import blobs, shop_pictures


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

    other = Curation.create(tmp_path / "other", shop_pictures(tmp_path / "new", products=3, shots=1, tables=6))
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
    other = Curation.create(tmp_path / "other", shop_pictures(tmp_path / "new", products=1, shots=1, tables=1))
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
