"""What goes into each batch of an epoch.

A plan is an array (batches, groups, members) of row numbers. A group stays together: one picture, the pictures of one
product, or one triplet; distributed processes share out the groups. A plan follows from its rows and its random
generator alone, so that a resumed run continues with the very batches it would have had.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import UsageError

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """The rows a sampler draws from.

    Attributes:
        rows: (n,) row numbers.
        product: (n,) product index of each; -1 where unknown.
        shop: (n,) True for shop pictures.
        category: (n,) category index of each.
    """

    rows: Rows
    product: Rows
    shop: NDArray[np.bool_]
    category: Rows

    def only(self, keep: NDArray[np.bool_]) -> Pool:
        """The part that ``keep`` marks."""
        return Pool(self.rows[keep], self.product[keep], self.shop[keep], self.category[keep])


def plain_plan(pool: Pool, *, batch: int, rng: np.random.Generator) -> Rows:
    """Every picture once, in a random order: (batches, batch, 1). What does not fill the last batch is drawn again.

    Every batch is full, so that batch norm never sees a rest of one.
    """
    order = rng.permutation(pool.rows)
    count = -(-len(order) // batch)
    short = count * batch - len(order)
    fill = rng.choice(pool.rows, short, replace=short > len(pool.rows))
    return np.concatenate([order, fill]).reshape(count, batch, 1)


def product_plan(
    pool: Pool, *, products: int, pictures: int, cross: bool, rng: np.random.Generator, batches: int | None = None
) -> Rows:
    """``products`` products a batch with ``pictures`` pictures of each: (batches, products, pictures).

    Each product comes once an epoch (the last batch is filled up), or ``batches`` batches are made. With ``cross``
    a product needs street and shop pictures, and both are among those drawn: half of each, street first. A product
    with fewer pictures repeats some.

    Raises :class:`UsageError` when fewer than two products qualify.
    """
    by_product = _by_product(pool)
    members = {}
    for product, places in by_product.items():
        street, shop = places[~pool.shop[places]], places[pool.shop[places]]
        if (len(street) and len(shop)) if cross else len(places) > 1:
            members[product] = (street, shop, places)
    if len(members) < 2:
        raise UsageError(
            f"only {len(members)} products have "
            + ("pictures from the street and from the shop" if cross else "two pictures"),
            where="sampler",
            hint="Use another manifest, or a sampler that needs no pairs",
        )
    ids = np.asarray(list(members))
    count = batches or -(-len(ids) // products)
    order: list[int] = []
    while len(order) < count * products:
        order.extend(rng.permutation(ids).tolist())
    groups = [_draw_group(members[product], pictures, cross, rng) for product in order[: count * products]]
    return pool.rows[np.stack(groups)].reshape(count, products, pictures)


def _draw_group(members: tuple[Rows, Rows, Rows], pictures: int, cross: bool, rng: np.random.Generator) -> Rows:
    street, shop, every = members
    if not cross:
        return _draw(every, pictures, rng)
    half = (pictures + 1) // 2
    return np.concatenate([_draw(street, half, rng), _draw(shop, pictures - half, rng)])


def _draw(places: Rows, count: int, rng: np.random.Generator) -> Rows:
    """``count`` of ``places``, each once before any is repeated."""
    rounds = [rng.permutation(places) for _ in range(-(-count // len(places)))]
    return np.concatenate(rounds)[:count]


def _by_product(pool: Pool) -> dict[int, Rows]:
    known = np.flatnonzero(pool.product >= 0)
    order = known[np.argsort(pool.product[known], kind="stable")]
    ids, starts = np.unique(pool.product[order], return_index=True)
    return dict(zip(ids.tolist(), np.split(order, starts[1:]), strict=True)) if len(ids) else {}


@dataclass(frozen=True, eq=False)
class TripletPool:
    """A pool made ready for drawing triplets.

    Attributes:
        pool: all pictures.
        queries: (q,) places in the pool that can be a query: they have a positive.
        positives: of each query, the places it may be paired with.
        gallery: (g,) places that may be a negative.
    """

    pool: Pool
    queries: Rows
    positives: list[Rows]
    gallery: Rows


def triplet_pool(pool: Pool, *, cross: bool) -> TripletPool:
    """With ``cross`` queries are street pictures, positives and negatives shop pictures; else any of the product.

    Raises :class:`UsageError` when there is no query, or just one product.
    """
    by_product = _by_product(pool)
    candidates = np.flatnonzero((pool.product >= 0) & (~pool.shop if cross else True))
    gallery = np.flatnonzero((pool.product >= 0) & (pool.shop if cross else True))
    queries, positives = [], []
    for place in candidates.tolist():
        same = by_product[int(pool.product[place])]
        same = same[pool.shop[same]] if cross else same[same != place]
        if len(same):
            queries.append(place)
            positives.append(same)
    if not queries or len(np.unique(pool.product[gallery])) < 2:
        raise UsageError(
            f"no triplets can be made: {len(queries)} pictures have a positive, "
            f"{len(np.unique(pool.product[gallery]))} products could be a negative",
            where="sampler",
            hint="Use another manifest, or a sampler that needs no pairs",
        )
    return TripletPool(pool, np.asarray(queries), positives, gallery)


def draw_queries(given: TripletPool, count: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """(count,) indices into ``queries`` (each once before any repeats) and a positive place for each."""
    chosen = _draw(np.arange(len(given.queries)), count, rng)
    picks = rng.random(count)
    positive = [given.positives[q][int(u * len(given.positives[q]))] for q, u in zip(chosen, picks, strict=True)]
    return chosen, np.asarray(positive)


def random_negatives(
    given: TripletPool, queries: Rows, rng: np.random.Generator, *, within_category: bool = False
) -> Rows:
    """For each place in ``queries`` the place of a picture of another product, of its category where asked and had."""
    pool, everything = given.pool, given.gallery
    shelves = {-1: everything}
    if within_category:
        for category in np.unique(pool.category[everything]).tolist():
            shelf = everything[pool.category[everything] == category]
            if len(np.unique(pool.product[shelf])) > 1:
                shelves[category] = shelf
    negatives = np.empty(len(queries), np.int64)
    for index, place in enumerate(queries.tolist()):
        shelf = shelves.get(int(pool.category[place]), everything)
        own = pool.product[place]
        # Two products at least are on every shelf, so this ends; and soon, as a product is a small part of it.
        while True:
            found = shelf[int(rng.integers(len(shelf)))]
            if pool.product[found] != own:
                break
        negatives[index] = found
    return negatives


def triplet_plan(given: TripletPool, queries: Rows, positives: Rows, negatives: Rows, *, batch: int) -> Rows:
    """Places of queries, positives and negatives to (batches, batch, 3) rows; a rest that fills no batch is dropped."""
    places = np.stack([queries, positives, negatives], axis=1)
    count = len(places) // batch
    return given.pool.rows[places[: count * batch]].reshape(count, batch, 3)
