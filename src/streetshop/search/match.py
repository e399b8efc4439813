"""A vector to the products nearest to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from streetshop.catalog.filters import fold
from streetshop.catalog.store import Hit, Store, split_blocks
from streetshop.core.records import Match, Product, Vector
from streetshop.search.designs import Design, group
from streetshop.search.kinds import agreement, of_kinds
from streetshop.search.request import SearchRequest
from streetshop.search.weights import weigh


def nearest(
    store: Store, vector: Vector, request: SearchRequest, kinds: Mapping[str, float] | None = None
) -> tuple[Match, ...]:
    """The ``request.k`` designs nearest to a vector, from ``request.offset`` on, each by its nearest shot.

    Args:
        store: the catalog.
        vector: (dim,) concatenation of unit blocks.
        request: how many products, which, and how the blocks count.
        kinds: searched kinds with their probabilities; products of unknown kind are searched too. None for those of the
            request, or all.

    Returns:
        Highest score first, ties by product id; fewer than ``k`` only if fewer pass the filter.
    """
    if kinds is None:
        kinds = dict.fromkeys(request.kinds or (), 1.0)
    left_out = _LeftOut.of(store, request)
    query = weigh(vector, store.meta.blocks, request.weights)
    where = of_kinds(request.where, tuple(kinds))
    wanted = request.offset + request.k
    depth = (wanted + (request.without is not None)) * 2
    while True:
        hits = store.search(query, depth, where)
        designs = [design for design in _designs(store, hits, request) if not left_out.has(design)]
        if len(designs) >= wanted or len(hits) < depth:
            break
        depth *= 4  # many shots of few designs came first: look deeper
    scored = sorted(
        ((_match(store, vector, design, request), design) for design in designs),
        key=lambda pair: (-(pair[0].score + agreement(pair[0].product, kinds)), pair[0].product.id),
    )
    return _with_variants(store, scored[request.offset : wanted], request)


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """A product that is no answer, nor are others of its design; none when empty."""

    product: str | None = None
    design: str = ""

    @classmethod
    def of(cls, store: Store, request: SearchRequest) -> _LeftOut:
        if request.without is None:
            return cls()
        (product,) = store.get([request.without])
        design = fold(product.design) if product is not None and not request.variants else ""
        return cls(request.without, design)

    def has(self, design: Design) -> bool:
        if self.product is None:
            return False
        if self.design and design.hit.design == self.design:
            return True
        return self.product == design.product.id or any(self.product == other.id for other in design.others)


def _designs(store: Store, hits: Sequence[Hit], request: SearchRequest) -> list[Design]:
    best = _best_per_product(hits)
    # None: deleted meanwhile
    products = {product.id: product for product in store.get(list(best)) if product is not None}
    return group(list(best.values()), products, variants=request.variants)


def _best_per_product(hits: Sequence[Hit]) -> dict[str, Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:  # best first: a product's first hit is its nearest shot
        best.setdefault(hit.product_id, hit)
    return best


def _match(store: Store, vector: Vector, design: Design, request: SearchRequest) -> Match:
    blocks = store.meta.blocks
    asked, found = split_blocks(vector, blocks), split_blocks(design.hit.vector, blocks)
    cosines = {name: float(part @ found[name]) for name, part in asked.items()}
    # The store ranks by the weighted dot product, whose last bits may differ from the score that is shown.
    score = sum(request.weights[name] * cosine for name, cosine in cosines.items()) / sum(request.weights.values())
    return Match(design.product, score, design.hit.shot, cosines)


def _with_variants(store: Store, scored: Sequence[tuple[Match, Design]], request: SearchRequest) -> tuple[Match, ...]:
    """The matches with the other products of their designs: those that came up first, then the rest by id."""
    if request.variants:
        return tuple(match for match, _ in scored)
    members = store.variants([match.product.id for match, _ in scored])
    missing = {
        id
        for match, design in scored
        for id in members.get(match.product.id, ())
        if id not in {match.product.id, *(product.id for product in design.others)}
    }
    rest = {product.id: product for product in store.get(sorted(missing)) if product is not None}
    matches = []
    for match, design in scored:
        more = [rest[id] for id in members.get(match.product.id, ()) if id in rest]
        matches.append(replace(match, variants=_ordered(match.product, [*design.others, *more])))
    return tuple(matches)


def _ordered(first: Product, others: Sequence[Product]) -> tuple[Product, ...]:
    """Variants in the colour of the first one come first."""
    colour = _colour(first)
    return tuple(sorted(others, key=lambda product: _colour(product) != colour))


def _colour(product: Product) -> object:
    values = product.attributes
    return values.get("color") or values.get("colour")
