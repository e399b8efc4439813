"""A vector to the products nearest to it."""

from __future__ import annotations

from collections.abc import Sequence

from streetshop.catalog.store import Hit, Store, split_blocks
from streetshop.core.records import Match, Product, Vector
from streetshop.search.request import SearchRequest
from streetshop.search.weights import weigh


def nearest(store: Store, vector: Vector, request: SearchRequest) -> tuple[Match, ...]:
    """The ``request.k`` products nearest to a vector, each by its nearest shot.

    Args:
        store: the catalog.
        vector: (dim,) concatenation of unit blocks.
        request: how many products, which, and how the blocks count.

    Returns:
        Highest score first, ties by product id; fewer than ``k`` only if fewer products pass the filter.
    """
    blocks = store.meta.blocks
    query = weigh(vector, blocks, request.weights)
    depth = (request.k + (request.without is not None)) * 2
    while True:
        hits = store.search(query, depth, request.where)
        best = _best_per_product(hits, request.without)
        if len(best) >= request.k or len(hits) < depth:
            break
        depth *= 4  # many shots of few products came first: look deeper
    best = best[: request.k]
    products = store.get([hit.product_id for hit in best])
    asked = split_blocks(vector, blocks)
    total = sum(request.weights.values())

    def match(product: Product, hit: Hit) -> Match:
        found = split_blocks(hit.vector, blocks)
        cosines = {name: float(part @ found[name]) for name, part in asked.items()}
        score = sum(request.weights[name] * cosine for name, cosine in cosines.items()) / total
        return Match(product, score, hit.shot, cosines)

    pairs = zip(products, best, strict=True)
    matches = [match(product, hit) for product, hit in pairs if product is not None]  # None: deleted meanwhile
    # The store ranks by the weighted dot product, whose last bits may differ from the score that is shown.
    return tuple(sorted(matches, key=lambda match: (-match.score, match.product.id)))


def _best_per_product(hits: Sequence[Hit], without: str | None) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:  # best first: a product's first hit is its nearest shot
        if hit.product_id != without:
            best.setdefault(hit.product_id, hit)
    return list(best.values())
