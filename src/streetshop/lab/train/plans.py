"""The batches of an epoch, stage by stage: a recipe's sampler applied to a run's rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from streetshop.lab.core.seeds import NEGATIVES, PLAN, generator
from streetshop.lab.sampling import (
    Pool,
    TripletPool,
    draw_nearest,
    draw_queries,
    nearest_negatives,
    plain_plan,
    product_plan,
    random_negatives,
    triplet_plan,
    triplet_pool,
)
from streetshop.lab.train.embedding_parts import ProductsSampler, SamplerPart, TripletsSampler

Rows = NDArray[np.int64]
Encode = Callable[[Rows], torch.Tensor]
"""(rows,) to (rows, dim): the network as it is now."""


class Planner:
    """Makes plans (see :mod:`streetshop.lab.sampling.samplers`) for one stage.

    An epoch is planned in chunks: one, except for nearest negatives, which look at the network anew every so often.
    ``groups``: a batch's pictures, triplets or products, which distributed processes share out.
    """

    def __init__(self, sampler: SamplerPart, pool: Pool, *, batch: int, seed: int, stage: int) -> None:
        self.sampler, self.pool, self.seed, self.stage = sampler, pool, seed, stage
        self.groups = batch // sampler.pictures if isinstance(sampler, ProductsSampler) else batch
        self._triplets: TripletPool | None = None
        if isinstance(sampler, TripletsSampler):
            self._triplets = triplet_pool(pool, cross=sampler.cross)
            self.batches = -(-len(self._triplets.queries) // self.groups)
        else:
            self.batches = len(self._whole(0))

    def chunk(self, epoch: int, start: int, encode: Encode) -> Rows:
        """The plan (batches, groups, members) of the epoch's batches from ``start`` to the next refresh or the end."""
        given, sampler = self._triplets, self.sampler
        if given is None or not isinstance(sampler, TripletsSampler):
            return self._whole(epoch)[start:]
        rng = generator(self.seed, PLAN, self.stage, epoch)
        queries, positives = draw_queries(given, self.batches * self.groups, rng)
        places = given.queries[queries]
        rng = generator(self.seed, NEGATIVES, self.stage, epoch, start)
        if sampler.negatives == "random":
            negatives = random_negatives(given, places, rng, within_category=sampler.within_category)
            return triplet_plan(given, places, positives, negatives, batch=self.groups)[start:]
        end = min(start + sampler.refresh, self.batches)
        part = slice(start * self.groups, end * self.groups)
        negatives = self._nearest(given, sampler, places[part], encode, rng)
        return triplet_plan(given, places[part], positives[part], negatives, batch=self.groups)

    def _whole(self, epoch: int) -> Rows:
        rng = generator(self.seed, PLAN, self.stage, epoch)
        sampler = self.sampler
        if not isinstance(sampler, ProductsSampler):
            return plain_plan(self.pool, batch=self.groups, rng=rng)
        return product_plan(
            self.pool,
            products=self.groups,
            pictures=sampler.pictures,
            cross=sampler.cross,
            rng=rng,
        )

    def _nearest(
        self, given: TripletPool, sampler: TripletsSampler, queries: Rows, encode: Encode, rng: np.random.Generator
    ) -> Rows:
        """A negative place for each query place, among the nearest of a random part of the gallery."""
        size = min(sampler.pool, len(given.gallery))
        gallery = np.sort(rng.choice(given.gallery, size, replace=False))
        asked, back = np.unique(queries, return_inverse=True)
        needed = np.unique(np.concatenate([asked, gallery]))
        vectors = encode(self.pool.rows[needed])
        found = nearest_negatives(
            vectors[np.searchsorted(needed, asked)],
            vectors[np.searchsorted(needed, gallery)],
            self.pool.product[asked],
            self.pool.product[gallery],
            k=sampler.k,
        )
        drawn = draw_nearest(found[back], rng)
        negatives = gallery[np.maximum(drawn, 0)]
        # A part of the gallery that holds the query's product alone has no negative: any other product will do.
        missing = np.flatnonzero(drawn < 0)
        if len(missing):
            negatives[missing] = random_negatives(given, queries[missing], rng)
        return negatives
