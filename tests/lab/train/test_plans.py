"""Plans of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from streetshop.lab.train.embedding_parts import TripletsSampler
from streetshop.lab.train.plans import Planner
from tests.lab.sampling.test_mining import _pool

pytestmark = pytest.mark.lab


def test_nearest_negatives_look_at_the_network_anew_every_refresh() -> None:
    pool = _pool()
    planner = Planner(
        TripletsSampler(kind="triplets", negatives="nearest", k=4, refresh=2, cross=True),
        pool,
        batch=3,
        seed=0,
        stage=0,
    )
    asked: list[int] = []
    position = {row: float(i) for i, row in enumerate(pool.rows.tolist())}

    def encode(rows: np.ndarray) -> torch.Tensor:
        asked.append(len(rows))
        return torch.tensor([[position[row]] for row in rows.tolist()])

    plans, start = [], 0
    while start < planner.batches:
        plans.append(planner.chunk(0, start, encode))
        start += len(plans[-1])
    assert planner.batches == 4
    assert [len(plan) for plan in plans] == [2, 2]
    assert len(asked) == 2
    place = {row: i for i, row in enumerate(pool.rows.tolist())}
    shop = np.flatnonzero(pool.shop)
    for q, p, n in ([place[row] for row in triplet] for plan in plans for triplet in plan.reshape(-1, 3)):
        assert pool.product[q] == pool.product[p] != pool.product[n]
        assert pool.shop[n]
        others = sorted(shop[pool.product[shop] != pool.product[q]], key=lambda g: (abs(int(g) - q), int(g)))
        assert n in others[:4]
