"""A vector to the products nearest to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import fold
from streetshop.catalog.store import Hit, Store, split_blocks
from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Block, Match, Product, Vector
from streetshop.search.closeness import Scale
from streetshop.search.designs import Design, group
from streetshop.search.diversity import POOL, diversified
from streetshop.search.explain import explain
from streetshop.search.kinds import agreement, of_kinds, other_kinds
from streetshop.search.request import SearchRequest
from streetshop.search.text import by_words
from streetshop.search.weights import weigh

_ROUNDING: Final = 1e-6
"""Scores that differ by less may be in another order in the store."""


def nearest(
    store: Store,
    vector: Vector,
    request: SearchRequest,
    kinds: Mapping[str, float] | None = None,
    *,
    apart: bool = False,
) -> tuple[Match, ...]:
    """The ``request.k`` designs nearest to a vector, from ``request.offset`` on, each by its nearest shot.

    Args:
        store: the catalog.
        vector: (dim,) concatenation of unit blocks.
        request: how many products, which, and how the blocks count.
        kinds: searched kinds with their probabilities; products of unknown kind are searched too. None for those of the
            request, or all.
        apart: search the products of all other kinds instead.

    Returns:
        Nearest first, ties by product id; with a text, products that have all of its words come before. Fewer than
        ``k`` only if fewer pass the filter and have the least score. With ``request.diverse`` in the order of
        ``diversity.spread``.
    """
    if kinds is None:
        kinds = dict.fromkeys(request.kinds or (), 1.0)
    left_out = _LeftOut.of(store, request)
    query = weigh(vector, store.meta.blocks, request.weights)
    same = of_kinds(request.where, [*kinds], unknown=request.unknown_kinds)
    where, added = other_kinds(request.where, kinds) if apart else (same, agreement(kinds))
    now, *later = by_words(request.text)
    wanted = max(request.offset + request.k, POOL if request.diverse else 0)
    depth = (wanted + (request.without is not None)) * 2
    while True:
        found = [(store.search(query, depth, where, words=words), more) for words, more in now]
        products = _products(store, [hit for hits, _ in found for hit in hits])
        near, complete = _ranked(found, products, added, vector, depth, store.meta.blocks, request.weights)
        hits = [each.hit for each in near.values()]
        close = [hit for hit in hits if request.is_close(near[hit.product_id].closeness)]
        designs = [one for one in group(close, products, variants=request.variants) if not left_out.has(one)]
        # what comes behind the last hit is no closer than its rank
        all_close = complete or (bool(hits) and not request.is_close(near[hits[-1].product_id].rank))
        if len(designs) >= wanted or (all_close and not later):
            break
        if complete:
            now = [*now, *later.pop(0)]
        else:
            depth *= 4  # many shots of few designs came first: look deeper
    ranks = [near[design.product.id].rank for design in designs]
    shown = _page(designs, ranks, store.meta.blocks, request)
    scored = [(near[design.product.id].match(design.product, request.scale), design) for design in shown]
    if request.explain:
        reasons = (explain(vector, design.hit.vector, store.meta.blocks, request.weights) for design in shown)
        scored = [
            (replace(match, explanation=why), design) for (match, design), why in zip(scored, reasons, strict=True)
        ]
    return _with_words(store, _with_variants(store, scored, request), request)


def find(store: Store, request: SearchRequest) -> tuple[Match, ...]:
    """The ``request.k`` designs that have most of the words of ``request.text``, from ``request.offset`` on.

    Returns:
        Products with more of the words first, then by BM25. ``similarity`` is the relevance of the words, from 0 to 1;
        there is no ``score``, and ``blocks`` is empty.

    Raises:
        RequestInvalid: the request has no text, or a least score.
    """
    if not request.text:
        raise RequestInvalid("the text has no words", where="text", hint='Give some, as in "linen shirt"')
    if request.min_score:
        raise RequestInvalid("words alone have no score", where="min_score", hint="Search with a photo too")
    where = of_kinds(request.where, request.kinds or ())
    wanted = max(request.offset + request.k, POOL if request.diverse else 0)
    depth = wanted * 2
    while True:
        hits = store.find(request.text, depth, where)
        designs = group(hits, _products(store, hits), variants=request.variants)
        if len(designs) >= wanted or len(hits) < depth:
            break
        depth *= 4
    shown = _page(designs, [design.hit.score for design in designs], store.meta.blocks, request)
    scored = [(Match(design.product, design.hit.score, design.hit.shot), design) for design in shown]
    return _with_words(store, _with_variants(store, scored, request), request)


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """The nearest shot of a product.

    Attributes:
        rank: its closeness and what is added for words.
        closeness: its similarity and what is added for its kind.
        similarity: weighted mean of the cosines.
        cosines: of each block.
        hit: from the store.
    """

    rank: float
    closeness: float
    similarity: float
    cosines: Mapping[str, float]
    hit: Hit

    def match(self, product: Product, scale: Scale | None) -> Match:
        score = None if scale is None else scale.score(self.closeness)
        return Match(product, self.similarity, self.hit.shot, self.cosines, score=score)


def _ranked(
    found: Sequence[tuple[Sequence[Hit], float]],
    products: Mapping[str, Product],
    added: Mapping[str, float],
    vector: Vector,
    depth: int,
    blocks: Sequence[Block],
    weights: Mapping[str, float],
) -> tuple[dict[str, _Near], bool]:
    """The nearest shot of each product that certainly comes before all shots that were not fetched.

    Args:
        found: the first ``depth`` shots for each choice of words, and what is added to their similarities for these.
        products: by id; shots of others are left out.
        added: to the similarities of products, by their kind.
        vector: what is searched for.
        depth: number of shots asked for.
        blocks: of the vectors.
        weights: of the blocks.

    Returns:
        By product id, best first, ties by id; and whether these are all there are.
    """
    best: dict[str, _Near] = {}
    bound, most = -math.inf, max(added.values(), default=0.0)
    for hits, for_words in found:
        if not hits:
            continue
        cosines = _cosines(vector, hits, blocks)
        # Not the score of the store, whose last bits may differ from the similarity that is shown.
        similar = np.sum([weights[name] * values for name, values in cosines.items()], axis=0) / sum(weights.values())
        for at, hit in enumerate(hits):
            product = products.get(hit.product_id)
            if product is None:
                continue
            closeness = float(similar[at]) + added.get(product.kind, 0.0)
            rank = closeness + for_words
            if hit.product_id not in best or rank > best[hit.product_id].rank:
                own = {name: float(values[at]) for name, values in cosines.items()}
                best[hit.product_id] = _Near(rank, closeness, float(similar[at]), own, hit)
        if len(hits) == depth:
            bound = max(bound, float(similar.min()) + most + for_words)
    ordered = sorted(best.values(), key=lambda near: (-near.rank, near.hit.product_id))
    return {n.hit.product_id: n for n in ordered if n.rank > bound + _ROUNDING}, bound == -math.inf


def _cosines(vector: Vector, hits: Sequence[Hit], blocks: Sequence[Block]) -> dict[str, NDArray[np.float64]]:
    """(hits,) cosines by block."""
    found = split_blocks(np.stack([hit.vector for hit in hits]).T, blocks)
    asked = split_blocks(vector, blocks)
    return {name: np.vecdot(part.T, asked[name]).astype(np.float64) for name, part in found.items()}


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


def _products(store: Store, hits: Sequence[Hit]) -> dict[str, Product]:
    ids = list(dict.fromkeys(hit.product_id for hit in hits))
    return {product.id: product for product in store.get(ids) if product is not None}  # None: deleted meanwhile


def _page(
    designs: Sequence[Design], ranks: Sequence[float], blocks: Sequence[Block], request: SearchRequest
) -> list[Design]:
    ordered = diversified(designs, ranks, blocks, request.weights, request.diverse)
    return ordered[request.offset : request.offset + request.k]


def _with_words(store: Store, matches: tuple[Match, ...], request: SearchRequest) -> tuple[Match, ...]:
    if not request.text:
        return matches
    held = store.held([match.product.id for match in matches], request.text)
    return tuple(replace(match, words=held.get(match.product.id, ())) for match in matches)


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
