"""Results against the numbers of a naive search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import UsageError
from streetshop.lab.compare.measure import Comparison, rank_last
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train import load_run

pytestmark = pytest.mark.lab


def naive_hit(manifest: Path, run: Path, k: int, *, euclidean: bool = False, in_category: bool = False) -> float:
    """Loops over the street pictures of the test split; each product at its best shop picture, ties by its id."""
    rows = Manifest.read(manifest)
    vectors, _ = load_run(run).encode(rows, cache=run.parent / "cache", threads=1)
    if not euclidean:
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    every = list(rows)
    test = [i for i, row in enumerate(every) if row.split == "test"]
    hits = []
    for q in (i for i in test if every[i].domain == "street"):
        near: dict[str, float] = {}
        for g in (i for i in test if every[i].domain == "shop"):
            if not in_category or every[g].category == every[q].category:
                away = float(np.linalg.norm(vectors[q].astype(float) - vectors[g].astype(float)))
                near[every[g].product_id] = min(away, near.get(every[g].product_id, np.inf))
        best = sorted(near, key=lambda product: (near[product], product))[:k]
        hits.append(every[q].product_id in best)
    return float(np.mean(hits))


def test_numbers_are_those_of_a_naive_search(comparison: Comparison, manifest: Path, runs: list[Path]) -> None:
    for k in (1, 5):
        found = comparison.result("unit", "street-to-shop").estimate(f"hit@{k}").mean
        assert found == pytest.approx(naive_hit(manifest, runs[0], k))
    found = comparison.result("unit", "street-to-shop-in-category").estimate("hit@1").mean
    assert found == pytest.approx(naive_hit(manifest, runs[0], 1, in_category=True))


def test_vectors_of_many_lengths_are_compared_by_both_distances(
    comparison: Comparison, manifest: Path, runs: list[Path]
) -> None:
    assert [(s.name, s.distance) for s in comparison.subjects] == [
        ("unit", "euclidean"),
        ("loose", "euclidean"),
        ("loose, cosine", "cosine"),
    ]
    for name, euclidean in (("loose", True), ("loose, cosine", False)):
        found = comparison.result(name, "street-to-shop").estimate("hit@1").mean
        assert found == pytest.approx(naive_hit(manifest, runs[1], 1, euclidean=euclidean))


def test_an_unknown_name_in_a_pair_is_a_typed_error(comparison: Comparison) -> None:
    with pytest.raises(UsageError, match="'nobody'") as caught:
        comparison.against("unit", "nobody", "street-to-shop", "hit@1")
    assert "loose, cosine" in caught.value.hint


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_rows_without_a_vector_come_last_and_disturb_nobody(distance: str) -> None:
    rng = np.random.default_rng(5)
    query, gallery = (rng.normal(0, 3, (n, 4)).astype(np.float32) for n in (6, 9))
    gallery[0] = -query[0] * 7  # the very opposite of a query is still nearer than what is not there
    missed, absent = np.zeros(6, bool), np.zeros(9, bool)
    absent[[2, 5]] = True
    a, b = rank_last(query, gallery, missed, absent, distance)

    def order(q: np.ndarray, g: np.ndarray) -> np.ndarray:
        if distance == "cosine":
            q, g = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (q, g))
        return np.argsort(np.linalg.norm(q[:, None].astype(float) - g[None].astype(float), axis=2), axis=1)

    there = np.flatnonzero(~absent)
    assert (order(a, b)[:, :7] == there[order(query, gallery[there])]).all()
    assert np.isfinite(a).all()
    assert (np.linalg.norm(b, axis=1) > 0).all()
