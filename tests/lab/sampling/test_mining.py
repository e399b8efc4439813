from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from streetshop.core.errors import UsageError
from streetshop.lab.losses import UNKNOWN
from streetshop.lab.sampling import (
    Miner,
    Pool,
    draw_nearest,
    draw_queries,
    nearest_negatives,
    plain_plan,
    product_plan,
    random_negatives,
    triplet_plan,
    triplet_pool,
)

pytestmark = pytest.mark.lab


def _pool(products: int = 6, street: int = 2, shop: int = 3) -> Pool:
    product = np.repeat(np.arange(products), street + shop)
    on_shop = np.tile([False] * street + [True] * shop, products)
    rows = 100 + np.random.default_rng(0).permutation(len(product))
    return Pool(rows, product, on_shop, product % 2)


# --- the 25 nearest -----------------------------------------------------------------------------------------------


def test_nearest_negatives_against_sorting_everything() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(7, 4)), rng.normal(size=(40, 4))
    own, theirs = rng.integers(0, 5, 7), rng.integers(0, 5, 40)
    found = nearest_negatives(torch.from_numpy(queries), torch.from_numpy(gallery), own, theirs, k=25, chunk=3)
    assert found.shape == (7, 25)
    for q in range(7):
        other = [g for g in range(40) if theirs[g] != own[q]]
        wanted = sorted(other, key=lambda g: np.linalg.norm(queries[q] - gallery[g]))[:25]
        assert found[q, : len(wanted)].tolist() == wanted


def test_nearest_negatives_never_hold_the_own_product_and_break_ties_by_place() -> None:
    same = torch.zeros(3, 2)
    found = nearest_negatives(same[:1], same, np.array([1]), np.array([0, 1, 0]), k=25)
    assert found.tolist() == [[0, 2, -1]]
    assert nearest_negatives(same[:1], same, np.array([0]), np.array([0, 0, 0]), k=2).tolist() == [[-1, -1]]


def test_nearest_negatives_search_across_streams() -> None:
    """Queries and gallery come from different networks: the distance is between their vectors, not within one set."""
    queries = torch.tensor([[1.0, 0]])
    gallery = torch.tensor([[-1.0, 0], [0.9, 0.1]])
    assert nearest_negatives(queries, gallery, np.array([9]), np.array([1, 2]), k=1).tolist() == [[1]]


def test_draw_nearest_takes_each_of_the_k_alike() -> None:
    nearest = np.array([[3, 5, 7, -1], [-1, -1, -1, -1], [2, -1, -1, -1]])
    draws = np.stack([draw_nearest(nearest, np.random.default_rng(s)) for s in range(600)])
    share = {value: (draws[:, 0] == value).mean() for value in (3, 5, 7)}
    assert set(draws[:, 0]) == {3, 5, 7}
    assert all(0.27 < s < 0.4 for s in share.values())
    assert set(draws[:, 1]) == {-1}
    assert set(draws[:, 2]) == {2}


# --- miners -------------------------------------------------------------------------------------------------------


def _naive(name: str, x: torch.Tensor, products: torch.Tensor, shop: torch.Tensor, cross: bool, margin: float):
    n = len(x)
    d = torch.cdist(x, x)
    anchors = [i for i in range(n) if products[i] >= 0 and not (cross and shop[i])]
    others = [i for i in range(n) if products[i] >= 0 and (shop[i] or not cross)]
    triplets = [
        (a, p, m)
        for a, p, m in itertools.product(anchors, others, others)
        if a != p and products[a] == products[p] and products[a] != products[m]
    ]
    if name == "batch_hard":
        hardest = {}
        for a in {t[0] for t in triplets}:
            mine = [t for t in triplets if t[0] == a]
            hardest[a] = (a, max(mine, key=lambda t: d[a, t[1]])[1], min(mine, key=lambda t: d[a, t[2]])[2])
        return set(hardest.values())
    keep = {
        "all": lambda ap, an: an - ap <= margin,
        "semihard": lambda ap, an: 0 < an - ap <= margin,
        "hard": lambda ap, an: an - ap <= 0,
    }[name]
    return {t for t in triplets if keep(d[t[0], t[1]], d[t[0], t[2]])}


@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("name", ["all", "semihard", "hard", "batch_hard"])
def test_miners_against_loops(name: str, cross: bool) -> None:
    torch.manual_seed(1)
    x = torch.randn(14, 3)
    products = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, UNKNOWN, UNKNOWN, 3, 3])
    shop = torch.tensor([0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1], dtype=torch.bool)
    a, p, n = Miner(name, margin=0.7, cross=cross)(x, products, shop)
    found = set(zip(a.tolist(), p.tolist(), n.tolist(), strict=True))
    wanted = _naive(name, x, products, shop, cross, 0.7)
    assert wanted
    assert found == wanted


def test_given_miner_takes_triplets_as_the_sampler_laid_them() -> None:
    a, p, n = Miner("given")(torch.randn(6, 2), torch.zeros(6), torch.zeros(6, dtype=torch.bool))
    assert (a.tolist(), p.tolist(), n.tolist()) == ([0, 3], [1, 4], [2, 5])


def test_mining_without_any_pair_is_empty() -> None:
    shop = torch.ones(3, dtype=torch.bool)
    for products in (torch.arange(3), torch.full((3,), UNKNOWN)):
        assert all(len(part) == 0 for part in Miner("all", cross=True)(torch.randn(3, 2), products, shop))


# --- samplers -----------------------------------------------------------------------------------------------------


def test_plain_plan_shows_every_picture_and_fills_the_last_batch() -> None:
    pool = _pool()
    plan = plain_plan(pool, batch=7, rng=np.random.default_rng(0))
    assert plan.shape == (5, 7, 1)
    assert set(plan.ravel()) == set(pool.rows)
    tiny = pool.only(np.arange(len(pool.rows)) < 3)
    assert plain_plan(tiny, batch=8, rng=np.random.default_rng(0)).shape == (1, 8, 1)


@pytest.mark.parametrize("cross", [False, True])
def test_product_plan_groups_are_products(cross: bool) -> None:
    pool = _pool()
    plan = product_plan(pool, products=4, pictures=3, cross=cross, rng=np.random.default_rng(0))
    assert plan.shape == (2, 4, 3)
    place = {row: i for i, row in enumerate(pool.rows.tolist())}
    seen = set()
    for group in plan.reshape(-1, 3):
        places = [place[row] for row in group]
        assert len({pool.product[i] for i in places}) == 1
        if cross:
            assert [bool(pool.shop[i]) for i in places] == [False, False, True]
        else:
            assert len(set(places)) == 3
        seen.add(pool.product[places[0]])
    assert seen == set(range(6)), "every product comes once an epoch"


def test_product_plan_repeats_pictures_of_poor_products() -> None:
    plan = product_plan(_pool(street=1, shop=1), products=3, pictures=4, cross=True, rng=np.random.default_rng(0))
    assert all(len(set(group.tolist())) == 2 for group in plan.reshape(-1, 4))


def test_product_plan_without_pairs_says_so() -> None:
    with pytest.raises(UsageError, match="only 0 products have pictures from the street and from the shop"):
        product_plan(_pool(street=0), products=2, pictures=2, cross=True, rng=np.random.default_rng(0))


@pytest.mark.parametrize("cross", [False, True])
def test_triplets_are_query_positive_negative(cross: bool) -> None:
    pool = _pool()
    ready = triplet_pool(pool, cross=cross)
    assert len(ready.queries) == (12 if cross else 30)
    rng = np.random.default_rng(0)
    chosen, positives = draw_queries(ready, 28, rng)
    places = ready.queries[chosen]
    negatives = random_negatives(ready, places, rng)
    plan = triplet_plan(ready, places, positives, negatives, batch=5)
    assert plan.shape == (5, 5, 3)
    place = {row: i for i, row in enumerate(pool.rows.tolist())}
    for q, p, n in ([place[row] for row in triplet] for triplet in plan.reshape(-1, 3)):
        assert pool.product[q] == pool.product[p] != pool.product[n]
        assert q != p
        if cross:
            assert not pool.shop[q]
            assert pool.shop[p]
            assert pool.shop[n]


def test_random_negatives_keep_to_the_category_when_asked() -> None:
    pool = _pool()
    ready = triplet_pool(pool, cross=True)
    negatives = random_negatives(ready, ready.queries, np.random.default_rng(0), within_category=True)
    assert (pool.category[negatives] == pool.category[ready.queries]).all()
    assert (pool.product[negatives] != pool.product[ready.queries]).all()
    lonely = Pool(pool.rows, pool.product, pool.shop, pool.product)
    negatives = random_negatives(
        triplet_pool(lonely, cross=True), ready.queries, np.random.default_rng(0), within_category=True
    )
    assert (pool.product[negatives] != pool.product[ready.queries]).all(), "a category of one falls back to all"


def test_triplets_need_two_products() -> None:
    with pytest.raises(UsageError, match="no triplets can be made"):
        triplet_pool(_pool(products=1), cross=True)
    unknown = _pool()
    with pytest.raises(UsageError, match="no triplets can be made"):
        triplet_pool(Pool(unknown.rows, np.full(len(unknown.rows), -1), unknown.shop, unknown.category), cross=False)


def test_plans_follow_from_their_generator() -> None:
    for make in (
        lambda rng: plain_plan(_pool(), batch=4, rng=rng),
        lambda rng: product_plan(_pool(), products=2, pictures=2, cross=True, rng=rng),
    ):
        np.testing.assert_array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(3)))
        assert not np.array_equal(make(np.random.default_rng(3)), make(np.random.default_rng(4)))
