"""Products nearest to a vector: each once, best first, ties by id, within the filter."""

from __future__ import annotations

from streetshop.catalog.store import Store
from streetshop.models import Encoder
from streetshop.search import SearchRequest
from streetshop.search.match import nearest


def test_each_product_once_best_first(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=18)
    found = nearest(store, store.vectors("blue-checks")[1], request)
    ids = [match.product.id for match in found]
    scores = [match.score for match in found]
    assert (ids[0], found[0].shot) == ("blue-checks", 1)
    assert len(ids) == len(set(ids)) == 18
    assert scores == sorted(scores, reverse=True)
    assert set(found[0].blocks) == {"style", "colour"}
    assert found[0].score == sum(request.weights[name] * c for name, c in found[0].blocks.items()) / 1.5


def test_ties_go_by_id(shop: tuple[Store, Encoder]) -> None:
    """By colour alone the shots of one colour and pattern tie exactly; equal scores come in id order."""
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=18, weights={"style": 0.0, "colour": 1.0})
    order = [(-match.score, match.product.id) for match in nearest(store, store.vectors("red-plain")[0], request)]
    assert order == sorted(order)


def test_a_product_left_out_costs_no_place(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=17, without="red-plain")
    found = {match.product.id for match in nearest(store, store.vectors("red-plain")[0], request)}
    assert len(found) == 17
    assert "red-plain" not in found


def test_fewer_only_when_fewer_pass(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=18, where="category = shirt and price < 45")
    found = {match.product.id for match in nearest(store, store.vectors("red-plain")[0], request)}
    assert found == {"red-stripes", "orange-stripes", "green-stripes", "blue-stripes"}
