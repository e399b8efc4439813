"""Step 3, noise: a classifier trained on a small labelled sample drops pictures that show no garment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import output_file
from streetshop.lab.curate.classifier import Kind, fit, judge
from streetshop.lab.curate.clusters import labels_of
from streetshop.lab.curate.curation import Curation, spare_last
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.features import Features
from streetshop.lab.curate.page import Card
from streetshop.lab.curate.reduction import BATCH

SAMPLE: Final = 400
PRECISION: Final = 0.95
_SCORES: Final = "noise/probabilities.npy"


def decisions_path(curation: Curation) -> Path:
    """The file of labels; the id is the row number."""
    return curation.folder / "decisions" / "pictures.csv"


def read_labels(curation: Curation) -> Decisions:
    """Read the labels. Raises :class:`CurateError` for those of another manifest."""
    rows = {str(row) for row in range(len(curation.manifest))}
    return Decisions.read(decisions_path(curation), "pictures", curation.fingerprint, rows)


def balanced_sample(labels: NDArray[np.int64], rows: NDArray[np.intp], count: int, seed: int = 0) -> NDArray[np.intp]:
    """At most ``count`` of ``rows`` in random order, drawn as evenly from all clusters as their sizes allow."""
    rng = np.random.default_rng(seed)
    queues = [rng.permutation(rows[labels[rows] == label]) for label in np.unique(labels[rows])]
    chosen: list[int] = []
    for turn in range(max(map(len, queues), default=0)):
        takers = [queue[turn] for queue in queues if len(queue) > turn]
        chosen += rng.permutation(takers).tolist()
        if len(chosen) >= count:
            break
    return np.array(chosen[:count], dtype=np.intp)


def cards(curation: Curation, count: int = SAMPLE, seed: int = 0) -> list[Card]:
    """Cards of a balanced sample to label; labelled pictures come first."""
    left = curation.remaining(before="clusters")
    rows = np.flatnonzero(left & (Features.of(curation).index >= 0))
    labels = labels_of(curation) if curation.done("clusters") else np.zeros(len(left), np.int64)
    chosen = [int(row) for row in read_labels(curation).verdicts]
    chosen += [row for row in balanced_sample(labels, rows, count, seed).tolist() if row not in set(chosen)]
    found = []
    for row in chosen[:count]:
        entry = curation.manifest.row(row)
        found.append(Card(str(row), entry.image, f"{entry.category or 'no category'} {entry.product_id}", (row,)))
    return found


def run_noise(
    curation: Curation,
    *,
    kind: Kind = "logistic",
    precision: float = PRECISION,
    threshold: float | None = None,
    drop_last: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Train on the labels and drop pictures that are probably noise.

    A labelled picture is kept or dropped by its label. A product's last picture stays, and is listed, unless
    ``drop_last``.

    Args:
        curation: with features and labels.
        kind: of classifier.
        precision: target of the operating point.
        threshold: drop from this probability on, in place of the operating point.
        drop_last: let a product lose its last picture.
        seed: of folds and classifier.

    Raises:
        CurateError: there are too few labels, or every picture would be dropped.
    """
    features = Features.of(curation)
    left = curation.remaining(before="noise")
    rows = np.flatnonzero(left & (features.index >= 0))
    labels = read_labels(curation).verdicts
    labelled = np.array([int(row) for row in labels if features.index[int(row)] >= 0], dtype=np.intp)
    noise = np.array([labels[str(row)] == "noise" for row in labelled.tolist()], dtype=np.bool_)
    groups = _groups(curation, features, labelled)
    seen = np.asarray(features.vectors[features.index[labelled]])
    weights = _weights(curation, labelled, rows)
    judgement = judge(seen, noise, groups, kind, weights=weights, precision=precision, seed=seed)
    model = fit(seen, noise, groups, kind, seed)
    scores = np.full(len(left), np.nan, np.float32)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        scores[part] = model.predict_proba(np.asarray(features.vectors[features.index[part]]))[:, 1]
    cut = judgement.threshold if threshold is None else threshold
    drop = np.nan_to_num(scores) >= cut
    drop[labelled] = noise
    drop &= left
    if drop[rows].all():
        raise CurateError(
            f"all {len(rows)} pictures are noise at the threshold {cut:.2f}",
            where=str(curation.folder),
            hint="Check the labels, or give a higher --threshold",
        )
    spared = spare_last(curation.manifest.column("product_id"), left, drop, np.nan_to_num(scores))
    if not drop_last:
        drop[spared] = False
    with output_file(curation.file(_SCORES)) as partial, partial.open("wb") as file:
        np.save(file, scores)
    known = set(labelled.tolist())
    drops = {
        row: "labelled noise" if row in known else f"noise (probability {scores[row]:.2f})"
        for row in np.flatnonzero(drop).tolist()
    }
    summary = {
        "rows": len(rows),
        "classifier": kind,
        "labels": len(labelled),
        "threshold": round(cut, 4),
        "precision_asked": precision,
        "precision_reached": judgement.reached,
        "cross_validation": asdict(judgement),
        "last_pictures": "dropped" if drop_last else "kept",
        "last_picture_rows": spared.tolist(),
    }
    curation.finish("noise", summary, drops)
    return curation.summary("noise")


def probabilities(curation: Curation) -> NDArray[np.float32]:
    """(rows,) probability of noise, NaN for rows not judged. Raises :class:`CurateError` when the step was not run."""
    curation.require("noise")
    return np.load(curation.folder / _SCORES)


def _groups(curation: Curation, features: Features, rows: NDArray[np.intp]) -> NDArray[np.object_]:
    """(n,) group for cross-validation: the product, or the content where the product is unknown.

    The sender is no group here: all pictures may come from one shop.
    """
    products = curation.manifest.column("product_id")
    return np.array([products[row] or f"feature {features.index[row]}" for row in rows.tolist()], dtype=object)


def _weights(curation: Curation, labelled: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """(labels,) how many rows of its cluster each label stands for."""
    if not curation.done("clusters"):
        return np.ones(len(labelled))
    clusters = labels_of(curation)
    low = int(clusters.min(initial=0))
    all_rows = np.bincount(clusters[rows] - low, minlength=int(clusters.max(initial=0)) - low + 1)
    seen = np.bincount(clusters[labelled] - low, minlength=len(all_rows))
    # A cluster whose rows were all dropped counts as large as its labels.
    return np.maximum(all_rows, seen)[clusters[labelled] - low] / seen[clusters[labelled] - low]
