"""Lists whose products differ from each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.catalog.store import Store
from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Match
from streetshop.models import Encoder
from streetshop.search import SearchRequest
from streetshop.search.diversity import alike, check_diverse, spread
from streetshop.search.match import find, nearest
from tests.catalog.conformance import BLOCKS, unit_vectors


def naive(relevance: list[float], likeness: np.ndarray, diverse: float) -> list[int]:
    order = [0]
    while len(order) < len(relevance):
        left = [i for i in range(len(relevance)) if i not in order]
        gains = [(1 - diverse) * relevance[i] - diverse * max(likeness[i, j] for j in order) for i in left]
        order.append(left[gains.index(max(gains))])
    return order


@given(st.integers(1, 12), st.integers(0, 99), st.floats(0, 1))
def test_the_order_of_the_equation(count: int, seed: int, diverse: float) -> None:
    rng = np.random.default_rng(seed)
    relevance = sorted(rng.random(count).tolist(), reverse=True)
    half = rng.random((count, count))
    likeness = half + half.T
    assert spread(relevance, likeness, diverse) == naive(relevance, likeness, diverse)
    assert spread(relevance, likeness, 0) == list(range(count))


def test_likeness_is_of_blocks_and_kinds() -> None:
    vectors = unit_vectors(3, 1)
    weights = np.repeat([1.0, 0.5], [block.dim for block in BLOCKS])
    found = alike(vectors, weights, ["top", "top", ""])
    style, colour = vectors[0, :24] @ vectors[1, :24], vectors[0, 24:] @ vectors[1, 24:]
    assert found[0, 1] == pytest.approx(((style + 0.5 * colour) / 1.5 + 1) / 2, abs=1e-6)
    assert found[0, 0] == pytest.approx(1, abs=1e-6)
    style, colour = vectors[0, :24] @ vectors[2, :24], vectors[0, 24:] @ vectors[2, 24:]
    assert found[0, 2] == pytest.approx(((style + 0.5 * colour) / 1.5 + 0.5) / 2, abs=1e-6)


def asked(shop: tuple[Store, Encoder], **options: Any) -> tuple[Match, ...]:
    store, encoder = shop
    return nearest(store, store.vectors("red-plain")[0], SearchRequest.check(store, encoder.blocks, **options))


def unlike(shop: tuple[Store, Encoder], matches: tuple[Match, ...]) -> float:
    """Mean distance of each two products."""
    vectors = np.stack([shop[0].vectors(match.product.id)[match.shot] for match in matches])
    return 1 - float((vectors @ vectors.T / 2)[np.triu_indices(len(matches), 1)].mean())


def test_a_diverse_list_differs_more_and_begins_with_the_best(shop: tuple[Store, Encoder]) -> None:
    lists = [asked(shop, k=6, diverse=diverse) for diverse in (0, 0.5, 1)]
    assert len({found[0].product.id for found in lists}) == 1
    plain, half, full = (unlike(shop, found) for found in lists)
    assert plain <= half < full
    best = asked(shop, k=18)
    assert sorted(match.product.id for match in asked(shop, k=18, diverse=0.5)) == sorted(m.product.id for m in best)


def test_pages_of_a_diverse_list_follow_each_other(shop: tuple[Store, Encoder]) -> None:
    whole = [match.product.id for match in asked(shop, k=18, diverse=0.4)]
    pages = [m.product.id for offset in range(0, 18, 4) for m in asked(shop, k=4, offset=offset, diverse=0.4)]
    assert pages == whole


def test_words_alone_can_be_diverse(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    colours = [
        match.product.attributes["colour"]
        for match in find(store, SearchRequest.check(store, encoder.blocks, text="stripes", k=6, diverse=1))
    ]
    assert len(set(colours)) == 6


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), True, "0.5", None])
def test_what_is_no_share(value: object) -> None:
    with pytest.raises(RequestInvalid) as raised:
        check_diverse(value)
    assert raised.value.where == "diverse"
