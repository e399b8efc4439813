"""Ranks of the same product, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.evaluate.pairs import left_out_ranks, street_ranks

pytestmark = pytest.mark.lab


def towards(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_garment_that_ranks_the_product_best_counts() -> None:
    shop, others = towards(0, 90, 180), towards(10, 20, 91)
    queries = [towards(12, 200), towards(45, 88)]
    found = street_ranks(queries, ["a", "b"], shop, ["a", "b", "c"], others)
    assert found.first.tolist() == [3, 1], "10 and 20 degrees are nearer to 12 than 0; 90 is nearest to 88"
    assert found.own.tolist() == [2, 2], "all are among the first ten, two of them other products of the collection"
    numbers = found.numbers()
    assert numbers["R@1"].mean == 0.5
    assert numbers["R@10"].mean == 1
    assert numbers["MRR"].mean == pytest.approx((1 / 3 + 1) / 2)


def test_the_nearest_of_several_shop_pictures_counts() -> None:
    found = street_ranks([towards(0)], ["a"], towards(50, 5), ["a", "a"], towards(10))
    assert found.first.tolist() == [1]
    assert found.own.tolist() == [0]


def test_a_picture_does_not_find_itself() -> None:
    found = left_out_ranks(towards(0, 30, 100, 101), ["a", "a", "b", "b"], towards(10, 40))
    assert found.first.tolist() == [2, 3, 1, 1]
    assert found.numbers()["R@1"].mean == 0.5


@pytest.mark.parametrize("seed", range(3))
def test_ranks_are_those_of_a_sorted_list(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures, others = (rng.normal(size=(n, 6)).astype(np.float32) for n in (12, 30))
    products = [f"p{i // 3}" for i in range(12)]
    found = left_out_ranks(pictures, products, others)
    for at in range(12):
        rest = [(float(pictures[at] @ pictures[i]), products[i]) for i in range(12) if i != at]
        rest += [(float(pictures[at] @ vector), "") for vector in others]
        names = [name for _, name in sorted(rest, reverse=True)]
        assert found.first[at] == names.index(products[at]) + 1
        assert found.own[at] == sum(name not in ("", products[at]) for name in names[:10])
