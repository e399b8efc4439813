"""Ranks of the same product in another picture: street pictures among shop pictures, and leave-one-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streetshop.lab.evaluate.intervals import Estimate, bootstrap
from streetshop.lab.evaluate.metrics import reciprocal_rank

Vectors = NDArray[np.float32]
DEPTH = 10
"""Places of R@10, and those in which pictures of the queries' own collection are counted."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Of the queries.

    Attributes:
        first: (queries,) rank from 1 of the nearest picture of the same product.
        own: (queries,) how many of the first ten are pictures of other products of the same collection. Where it is
            high, something but the product, such as framing or ground, tells the collection from the rest.
        products: (queries,) names; intervals are drawn over them.
    """

    first: NDArray[np.int64]
    own: NDArray[np.int64]
    products: NDArray[np.str_]

    def numbers(self) -> dict[str, Estimate]:
        """R@1, R@10, MRR and the mean of ``own``, with 95 % bootstrap intervals over products."""
        every = np.ones(len(self.first))
        values = {
            "R@1": self.first <= 1,
            f"R@{DEPTH}": self.first <= DEPTH,
            "MRR": reciprocal_rank(self.first, every),
            f"other products of the collection among the first {DEPTH}": self.own,
        }
        return {name: bootstrap(value, clusters=self.products) for name, value in values.items()}


def street_ranks(
    garments: Sequence[Vectors], products: Sequence[str], shop: Vectors, shop_products: Sequence[str], others: Vectors
) -> Ranks:
    """Ranks of street pictures' products among shop pictures.

    A street picture shows several garments, and which of them is the product is not said: each is searched, and the
    one that ranks the product best counts, as if a shopper had chosen it.

    Args:
        garments: of each street picture, the (garments, dim) weighted vectors of what it shows.
        products: (pictures,) what each shows.
        shop: (n, dim) of shop pictures of the products.
        shop_products: (n,) what each shows.
        others: (m, dim) of shop pictures of other products.
    """
    gallery, names = np.concatenate([shop, others]), np.asarray(shop_products)
    first, own = [], []
    for vectors, product in zip(garments, products, strict=True):
        scores = vectors @ gallery.T
        same = np.zeros(len(gallery), np.bool_)
        same[: len(shop)] = names == product
        found = [_rank(row, same, len(shop)) for row in scores]
        rank, near = min(found)
        first.append(rank)
        own.append(near)
    return Ranks(np.asarray(first), np.asarray(own), np.asarray(products, np.str_))


def left_out_ranks(pictures: Vectors, products: Sequence[str], others: Vectors) -> Ranks:
    """Each picture's rank of the nearest other picture of its product.

    Args:
        pictures: (n, dim) weighted vectors; each is searched among the rest and ``others``.
        products: (n,) what each shows.
        others: (m, dim) of other products.
    """
    names = np.asarray(products, np.str_)
    scores = pictures @ np.concatenate([pictures, others]).T
    first, own = [], []
    for at, row in enumerate(scores):
        same = np.zeros(len(row), np.bool_)
        same[: len(names)] = names == names[at]
        same[at], row[at] = False, -np.inf
        rank, near = _rank(row, same, len(names))
        first.append(rank)
        own.append(near)
    return Ranks(np.asarray(first), np.asarray(own), names)


def _rank(scores: Vectors, same: NDArray[np.bool_], collection: int) -> tuple[int, int]:
    """Rank of the first picture that is the same, and how many others of the collection are among the first ten."""
    best = scores[same].max()
    top = np.argsort(-scores, kind="stable")[:DEPTH]
    rank = int(((scores > best) & ~same).sum()) + 1
    return rank, int(((top < collection) & ~same[top]).sum())
