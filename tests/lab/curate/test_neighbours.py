"""Similar pictures."""

from __future__ import annotations

import numpy as np

from streetshop.lab.curate.neighbours import connected, groups_within, nearest, pairs_above
from tests.lab.curate.drawn import unit


def naive_pairs(vectors: np.ndarray, least: float) -> set[tuple[int, int]]:
    return set(map(tuple, np.argwhere(np.triu(vectors @ vectors.T >= least, 1)).tolist()))


def test_all_pairs_above_a_cosine_are_found() -> None:
    vectors = unit(300)
    found = np.concatenate(list(pairs_above(vectors, 0.6)))
    assert set(map(tuple, found.tolist())) == naive_pairs(vectors, 0.6)


def test_cells_lose_few_pairs_of_copies() -> None:
    base = unit(3000, 32)
    copies = base[:300] + 0.05 * unit(300, 32, seed=1)
    vectors = np.concatenate([base, copies / np.linalg.norm(copies, axis=1, keepdims=True)])
    found = set(map(tuple, np.concatenate(list(pairs_above(vectors, 0.9, exact=False))).tolist()))
    wanted = {(i, 3000 + i) for i in range(300)}
    assert len(wanted & found) >= 297
    assert found <= naive_pairs(vectors, 0.9)


def test_groups_are_connected_components() -> None:
    edges = [np.array([[0, 1], [4, 5]]), np.array([[1, 2], [5, 6], [8, 8]])]
    labels = connected(9, iter(edges))
    groups = {tuple(np.flatnonzero(labels == label).tolist()) for label in labels}
    assert groups == {(0, 1, 2), (4, 5, 6), (3,), (7,), (8,)}


def test_a_thousand_copies_are_folded_as_they_come() -> None:
    n = 60
    every = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    assert len(set(connected(n, iter(np.array_split(every, 40))).tolist())) == 1


def test_distance_groups_are_those_of_all_distances() -> None:
    points = np.random.default_rng(0).random((80, 5)).astype(np.float32)
    labels = groups_within(points, 0.25)
    close = np.linalg.norm(points[:, None] - points, axis=2) <= 0.25
    assert all(labels[i] == labels[j] for i, j in np.argwhere(close))
    assert len(set(labels)) == len(set(connected(80, iter([np.argwhere(close)])).tolist()))


def test_nearest_says_where_there_are_fewer() -> None:
    cosines, rows = nearest(unit(3), unit(2, seed=1), 5)
    assert rows.shape == (2, 5)
    assert (rows[:, 3:] == -1).all()
    assert (np.diff(cosines[:, :3]) <= 0).all()
