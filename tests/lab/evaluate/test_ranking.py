from __future__ import annotations

import resource

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate.ranking import first_rank, nearest, prepare, top_k

scores = arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=st.sampled_from([0.0, 0.5, 1.0, -np.inf])
)


@given(scores, st.integers(1, 12))
def test_top_k_breaks_ties_by_place(values: np.ndarray, k: int) -> None:
    got = top_k(values, k)
    for row, line in enumerate(values):
        expected = [j for j in sorted(range(len(line)), key=lambda j: (-line[j], j)) if line[j] > -np.inf][:k]
        assert [j for j in got[row] if j >= 0] == expected
        assert (got[row][len(expected) :] == -1).all()


@given(scores, st.data())
def test_first_rank(values: np.ndarray, data: st.DataObject) -> None:
    relevant = data.draw(arrays(np.bool_, values.shape))
    got = first_rank(values, relevant)
    for row, line in enumerate(values):
        order = [j for j in sorted(range(len(line)), key=lambda j: (-line[j], j)) if line[j] > -np.inf]
        ranks = [i + 1 for i, j in enumerate(order) if relevant[row, j]]
        assert got[row] == (ranks[0] if ranks else 0)


@pytest.mark.parametrize("distance", ["cosine", "dot", "euclidean"])
def test_neighbours_are_those_of_a_naive_search(distance: str) -> None:
    rng = np.random.default_rng(0)
    q, g = rng.normal(size=(20, 16)) * 3, rng.normal(size=(50, 16)) * rng.uniform(0.5, 2, (50, 1))
    q, g = q.astype(np.float32).astype(np.float64), g.astype(np.float32).astype(np.float64)
    if distance == "euclidean":
        exact = -((q[:, None] - g[None]) ** 2).sum(-1)
    else:
        exact = q @ g.T
        if distance == "cosine":
            exact /= np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(g, axis=1)[None]
    np.testing.assert_array_equal(nearest(q, g, 10, distance=distance), np.argsort(-exact, axis=1)[:, :10])


@pytest.mark.parametrize("distance", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("dimensions", [3, 256, 1001])
def test_scores_are_the_same_bits_whatever_the_block(distance: str, dimensions: int) -> None:
    rng = np.random.default_rng(1)
    q = rng.normal(size=(37, dimensions)).astype(np.float32)
    g = rng.normal(size=(301, dimensions)).astype(np.float32)
    vectors = prepare(q, g, distance)
    whole = vectors.scores(slice(0, 37))
    for size in (1, 2, 5):
        for start in range(0, 37, size):
            rows = slice(start, min(start + size, 37))
            np.testing.assert_array_equal(vectors.scores(rows), whole[rows])
    some = np.array([7, 100, 299])
    np.testing.assert_array_equal(vectors.scores(np.array([3, 4]), some), whole[3:5][:, some])


@pytest.mark.parametrize("distance", ["cosine", "dot", "euclidean"])
def test_equal_vectors_tie_exactly(distance: str) -> None:
    """With plain float32 products equal vectors differ in the last bit, and which of them wins is the BLAS's whim."""
    rng = np.random.default_rng(2)
    one = rng.normal(size=257).astype(np.float32)
    scores = prepare(np.tile(one, (11, 1)), np.tile(one, (403, 1)), distance).scores(slice(0, 11))
    assert len(np.unique(scores)) == 1
    assert (nearest(np.tile(one, (3, 1)), np.tile(one, (403, 1)), 5, distance=distance) == np.arange(5)).all()


def test_small_and_large_norms() -> None:
    g = np.eye(4)[[0, 1, 2]] * np.array([[1e-200], [1.0], [1e150]])
    assert nearest(g, g, 1)[:, 0].tolist() == [0, 1, 2]


def test_a_zero_vector_is_as_far_from_all_as_a_right_angle() -> None:
    g = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.1]])
    assert nearest(np.array([[1.0, 0.0]]), g, 3).tolist() == [[2, 1, 0]]
    assert nearest(np.zeros((1, 2)), g, 3).tolist() == [[0, 1, 2]], "all tie, so rows decide"


def test_bad_vectors() -> None:
    good = np.ones((3, 4))
    for bad, message in (
        (np.full((3, 4), np.nan), "query vector 0 holds NaN"),
        (np.ones((3, 5)), "5 components"),
        (np.ones(4), "shape"),
    ):
        with pytest.raises(MeasureError, match=message):
            nearest(bad, good, 1)
    with pytest.raises(MeasureError, match="unknown"):
        nearest(good, good, 1, distance="manhattan")
    with pytest.raises(MeasureError, match="k = 0"):
        nearest(good, good, 0)
    assert nearest(good, np.zeros((0, 4)), 2).tolist() == [[-1, -1]] * 3


@pytest.mark.slow
def test_a_gallery_of_100_000_in_bounded_memory() -> None:
    rng = np.random.default_rng(0)
    gallery = rng.normal(size=(100_000, 256)).astype(np.float32)
    query = gallery[:500] + rng.normal(size=(500, 256)).astype(np.float32) * 0.1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = nearest(query, gallery, 20)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert (found[:, 0] == np.arange(500)).all()
    # 205 MB of vectors in double precision and their check; all scores at once would be 400 MB on top.
    assert grown < 600
