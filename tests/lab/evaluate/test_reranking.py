"""k-reciprocal re-ranking against a version with sets, as the paper writes it."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.evaluate.reranking import k_reciprocal


def naive(similarities: np.ndarray, likeness: np.ndarray, k1: int, k2: int, original: float) -> np.ndarray:
    count = len(similarities) + 1
    both = np.eye(count)
    both[0, 1:] = both[1:, 0] = similarities
    both[1:, 1:] = likeness
    np.fill_diagonal(both, 1)
    distance = (1 - both) / (1 - both).max()
    order = [sorted(range(count), key=lambda j, i=i: (j != i, -both[i, j], j)) for i in range(count)]

    def reciprocal(i: int, k: int) -> set[int]:
        return {j for j in order[i][: k + 1] if i in order[j][: k + 1]}

    encoded = []
    for i in range(count):
        members = reciprocal(i, k1)
        for j in sorted(reciprocal(i, k1)):
            half = reciprocal(j, round(k1 / 2))
            if len(reciprocal(i, k1) & half) >= 2 / 3 * len(half):
                members |= half
        values = np.array([np.exp(-distance[i, j]) if j in members else 0.0 for j in range(count)])
        encoded.append(values / values.sum())
    expanded = [np.mean([encoded[j] for j in order[i][:k2]], axis=0) for i in range(count)]
    jaccard = [
        1 - np.minimum(expanded[0], expanded[j]).sum() / np.maximum(expanded[0], expanded[j]).sum()
        for j in range(1, count)
    ]
    return (1 - original) * np.array(jaccard) + original * distance[0, 1:]


@pytest.mark.parametrize(("k1", "k2", "original"), [(20, 6, 0.3), (6, 2, 0.7), (4, 1, 0.0)])
@pytest.mark.parametrize("count", [3, 30])
def test_distances_are_those_of_the_paper(k1: int, k2: int, original: float, count: int) -> None:
    rng = np.random.default_rng(k1 + count)
    vectors = rng.normal(size=(count + 1, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = vectors @ vectors.T
    found = k_reciprocal(likeness[0, 1:], likeness[1:, 1:], nearest=k1, averaged=k2, original=original)
    assert found == pytest.approx(naive(likeness[0, 1:], likeness[1:, 1:], k1, k2, original), abs=1e-9)


def test_the_original_distance_alone_changes_no_order() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = vectors @ vectors.T
    found = k_reciprocal(likeness[0, 1:], likeness[1:, 1:], original=1.0)
    assert np.argsort(found).tolist() == np.argsort(-likeness[0, 1:]).tolist()
    assert (found >= 0).all()
    assert (found <= 1).all()
