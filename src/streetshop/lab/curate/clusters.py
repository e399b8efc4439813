"""Step 2, clusters: contact sheets of similar pictures; clusters of noise are dropped by verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import output_file
from streetshop.lab.curate.clustering import Algorithm, ClusterModel, fit_clusters
from streetshop.lab.curate.curation import Curation, spare_last
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.encoders import Vectors
from streetshop.lab.curate.features import MODEL, REDUCTION, Features, reduced
from streetshop.lab.curate.reduction import BATCH, Reduction
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.thumbnails import thumbnail
from streetshop.present.html import write_page

OUTLIERS: Final = "outliers"
ON_SHEET: Final = 60
"""Pictures on a contact sheet."""
_TELLING: Final = 10
"""Least rows with a category for a suggested verdict."""
_LABELS: Final = "clusters/labels.npy"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster in numbers.

    Attributes:
        id: ``c-000`` (the largest) and on, or ``outliers``.
        size: rows.
        labelled: rows with a category.
        category: the most frequent one, ``""`` where no row has any.
        purity: its share of the rows that have a category; 0 where none has.
        surprise: total variation distance of the cluster's category shares to those of all rows, 0 (equally mixed) to
            1.
        cohesion: mean cosine of its rows to their mean direction.
        products: number of product ids.
        groups: number of senders.
        suggested: ``keep``, ``drop`` or ``look``.
        why: reason of the suggestion.
    """

    id: str
    size: int
    labelled: int
    category: str
    purity: float
    surprise: float
    cohesion: float
    products: int
    groups: int
    suggested: str
    why: str


def run_clusters(
    curation: Curation,
    *,
    algorithm: Algorithm = "hdbscan",
    count: int | None = None,
    least: int | None = None,
    project: bool = True,
    like: Path | None = None,
    accept_suggested: bool = False,
    drop_last: bool = False,
    threads: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """Cluster the pictures, write the contact sheets, and drop the clusters with the verdict ``drop``.

    The clusters are computed once; later calls apply the current decisions. Delete ``clusters/`` to cluster again.

    Args:
        curation: with features.
        algorithm: hdbscan or kmeans.
        count: number of clusters of k-means.
        least: size of the smallest HDBSCAN cluster.
        project: run HDBSCAN on a UMAP projection.
        like: folder of another curation, whose clusters and decisions are applied to these rows.
        accept_suggested: undecided clusters take their suggested verdict.
        drop_last: let a product lose its last picture; otherwise the one nearest to its cluster's centre stays and is
            listed.
        threads: number of threads.
        seed: of samples and algorithms.

    Raises:
        CurateError: every picture would be dropped, or ``like`` has features of another encoder.
    """
    features = Features.of(curation)
    manifest = curation.manifest
    rows = np.flatnonzero(curation.remaining(before="clusters") & (features.index >= 0))
    model, unit, home = _model(curation, features, rows, algorithm, count, least, project, like, seed)
    settings = {"algorithm": algorithm if like is None else "as in another curation", "model": model.fingerprint}
    labels = _labels(curation, model, unit, rows, threads)
    clusters, centrality = describe(manifest, np.asarray(unit), labels)
    decisions = Decisions.read(
        home, "clusters", model.fingerprint, {cluster.id for cluster in clusters} if like is None else None
    )
    verdicts = {c.id: decisions.verdicts.get(c.id, c.suggested if accept_suggested else "look") for c in clusters}
    going = {cluster.id for cluster in clusters if verdicts[cluster.id] == "drop"}
    names = np.array([cluster_id(label) for label in labels.tolist()], dtype=object)
    drop = np.isin(names, sorted(going)) & (features.index >= 0)
    if drop[rows].all():
        raise CurateError("every picture is in a cluster to drop", where=str(home), hint="Keep at least one cluster")
    left = curation.remaining(before="clusters")
    spared = spare_last(manifest.column("product_id"), left, drop, -centrality)
    if not drop_last:
        drop[spared] = False
    if like is not None and not decisions_path(curation).exists():
        Decisions(decisions_path(curation), "clusters", model.fingerprint, dict(decisions.verdicts)).write()
    write_sheets(curation, clusters, labels, centrality, verdicts)
    drops = {row: f"cluster {names[row]}" for row in np.flatnonzero(drop & left).tolist()}
    summary = {
        "rows": len(rows),
        **settings,
        "clusters": [asdict(cluster) | {"verdict": verdicts[cluster.id]} for cluster in clusters],
        "undecided": sum(verdict == "look" for verdict in verdicts.values()),
        "last_pictures": "dropped" if drop_last else "kept",
        "last_picture_rows": spared.tolist(),
    }
    curation.finish("clusters", summary, drops)
    return curation.summary("clusters")


def decisions_path(curation: Curation) -> Path:
    """The file of decisions about clusters."""
    return curation.folder / "decisions" / "clusters.csv"


def cluster_id(label: int) -> str:
    """``-1`` to ``outliers``, 4 to ``c-004``."""
    return OUTLIERS if label < 0 else f"c-{label:03}"


def labels_of(curation: Curation) -> NDArray[np.int64]:
    """(rows,) cluster of each row, -1 for outliers and rows without a feature. Raises when the step was not run."""
    curation.require("clusters")
    return np.load(curation.folder / _LABELS)


def _model(
    curation: Curation,
    features: Features,
    rows: NDArray[np.intp],
    algorithm: Algorithm,
    count: int | None,
    least: int | None,
    project: bool,
    like: Path | None,
    seed: int,
) -> tuple[ClusterModel, Vectors, Path]:
    """The cluster model, the features reduced for it, and the file of decisions about it."""
    path = curation.file(MODEL)
    if like is None:
        unit = reduced(curation, features)
        if not path.exists():
            model = fit_clusters(unit[rows], algorithm, count=count, least=least, project=project, seed=seed)
            _by_size(model).save(path)
        return ClusterModel.load(path), unit, decisions_path(curation)
    other = Curation.open(like)
    theirs = other.require("features")
    if theirs["encoder_fingerprint"] != curation.require("features")["encoder_fingerprint"]:
        raise CurateError(
            f"its features come from {theirs['encoder']}, these from {features.name}",
            where=str(like),
            hint="Compute these with the same encoder",
        )
    reduction = Reduction.load(like / REDUCTION)
    unit = np.zeros((len(features.index), reduction.components.shape[1]), np.float32)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        unit[part] = reduction.apply(features.vectors[features.index[part]])
    return ClusterModel.load(like / MODEL), unit, decisions_path(other)


def _by_size(model: ClusterModel) -> ClusterModel:
    """The same clusters, numbered from the largest."""
    count = int(model.labels.max()) + 1
    order = np.argsort(-np.bincount(model.labels[model.labels >= 0], minlength=count), kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    labels = np.where(model.labels >= 0, rank[model.labels], -1)
    return ClusterModel(model.points, labels, model.reach[order])


def _labels(
    curation: Curation, model: ClusterModel, unit: Vectors, rows: NDArray[np.intp], threads: int
) -> NDArray[np.int64]:
    labels = np.full(len(unit), -2, np.int64)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        labels[part] = model.assign(np.ascontiguousarray(unit[part]), threads=threads)
    with output_file(curation.file(_LABELS)) as partial, partial.open("wb") as file:
        np.save(file, labels)
    return labels


def describe(manifest: Manifest, unit: Vectors, labels: NDArray[np.int64]) -> tuple[list[Cluster], NDArray[np.float32]]:
    """Describe all clusters, the largest first and the outliers last.

    Args:
        manifest: with categories, products and groups.
        unit: (rows, dims) unit features.
        labels: (rows,) cluster of each row, -1 for outliers, -2 for rows in none.

    Returns:
        The clusters, and (rows,) each row's cosine to the mean direction of its cluster.
    """
    categories, products, groups = (manifest.column(name) for name in ("category", "product_id", "group"))
    overall = _shares(categories[labels > -2])
    centrality = np.zeros(len(labels), np.float32)
    found = []
    for label in (*range(int(labels.max()) + 1), -1):
        rows = np.flatnonzero(labels == label)
        if not len(rows):
            continue
        part = np.asarray(unit[rows])
        centre = part.mean(axis=0)
        centrality[rows] = part @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
        shares = _shares(categories[rows])
        category, purity = max(shares.items(), key=lambda item: (item[1], item[0]), default=("", 0.0))
        surprise = 0.5 * sum(abs(shares.get(name, 0.0) - share) for name, share in overall.items()) if shares else 0.0
        found.append(
            Cluster(
                cluster_id(label),
                len(rows),
                int((categories[rows] != "").sum()),
                category,
                round(purity, 4),
                round(surprise, 4),
                round(float(centrality[rows].mean()), 4),
                len(set(products[rows]) - {""}),
                len(set(groups[rows]) - {""}),
                "look",
                "",
            )
        )
    return [suggest(cluster, found) for cluster in found], centrality


def suggest(cluster: Cluster, clusters: Sequence[Cluster]) -> Cluster:
    """The cluster with a suggested verdict.

    A picture that shows no garment has the category of the product that it was filed under. A cluster of similar
    pictures whose categories are as mixed as those of all rows is therefore likely noise; a cluster in which one
    category prevails is not.
    """
    typical = float(np.median([other.cohesion for other in clusters if other.id != OUTLIERS] or [0.0]))
    if cluster.id == OUTLIERS:
        verdict, why = "look", "pictures that resemble no others"
    elif cluster.labelled < _TELLING or 2 * cluster.labelled < cluster.size:
        verdict, why = "look", "too few categories to judge"
    elif cluster.purity >= 0.5 or cluster.surprise >= 0.5:
        verdict, why = "keep", f"{cluster.purity:.0%} are {cluster.category}"
    elif cluster.surprise < 0.35 and cluster.cohesion >= typical:
        verdict, why = "drop", "similar pictures, but categories as mixed as in all rows"
    else:
        verdict, why = "look", "mixed categories"
    return replace(cluster, suggested=verdict, why=why)


def _shares(categories: NDArray[np.object_]) -> dict[str, float]:
    counts = Counter(categories[categories != ""].tolist())
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}


def examples(labels: NDArray[np.int64], centrality: NDArray[np.float32], label: int, count: int) -> list[int]:
    """Rows of a cluster, evenly spaced from the most to the least central."""
    rows = np.flatnonzero(labels == label)
    rows = rows[np.argsort(-centrality[rows], kind="stable")]
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))].tolist()


def write_sheets(
    curation: Curation,
    clusters: Sequence[Cluster],
    labels: NDArray[np.int64],
    centrality: NDArray[np.float32],
    verdicts: dict[str, str],
) -> None:
    """Write ``clusters/index.html`` and a contact sheet per cluster."""
    manifest = curation.manifest
    shown = partial(thumbnail, manifest)
    lines = []
    for cluster in clusters:
        label = -1 if cluster.id == OUTLIERS else int(cluster.id[2:])
        rows, verdict = examples(labels, centrality, label, ON_SHEET), verdicts[cluster.id]
        write_page(
            curation.file(f"clusters/{cluster.id}.html"),
            "cluster.html",
            title=f"Cluster {cluster.id}",
            cluster=cluster,
            verdict=verdict,
            rows=rows,
            captions=[manifest.row(row).category for row in rows],
            thumbnail=shown,
        )
        lines.append((cluster, verdict, rows))
    index = curation.file("clusters/index.html")
    write_page(index, "clusters.html", title="Clusters", clusters=lines, thumbnail=shown)
