"""Chosen photos are uncertain, and differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.lab.annotate.choose import choose_diverse


def test_one_of_each_group_of_equal_photos() -> None:
    groups = np.eye(4, dtype=np.float32).repeat(5, axis=0)
    uncertainty = np.linspace(1, 0.5, 20)
    assert sorted(choose_diverse(uncertainty, groups, 4) // 5) == [0, 1, 2, 3]


def test_a_pool_of_one_takes_the_most_uncertain() -> None:
    uncertainty = np.array([0.1, 0.9, 0.5, 0.7])
    assert choose_diverse(uncertainty, np.eye(4, dtype=np.float32), 2, pool=1).tolist() == [1, 3]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 4), st.integers(0, 10))
def test_as_many_as_asked_for_and_each_once(photos: int, count: int, pool: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(photos, 3)).astype(np.float32)
    vectors[: photos // 2] = vectors[0]
    chosen = choose_diverse(rng.random(photos), vectors, count, pool=pool).tolist()
    assert len(chosen) == len(set(chosen)) == min(count, photos)
