"""Products nearest to a vector: each once, best first, ties by id, within the filter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.catalog.filters import matches, parse_filter
from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import Store, split_blocks
from streetshop.models import Encoder
from streetshop.search import SearchRequest
from streetshop.search.match import nearest
from tests.catalog.conformance import BLOCKS, META, entry, unit_vectors


def test_each_product_once_best_first(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=18)
    found = nearest(store, store.vectors("blue-checks")[1], request)
    ids = [match.product.id for match in found]
    scores = [match.similarity for match in found]
    assert (ids[0], found[0].shot) == ("blue-checks", 1)
    assert len(ids) == len(set(ids)) == 18
    assert scores == sorted(scores, reverse=True)
    assert set(found[0].blocks) == {"style", "colour"}
    assert found[0].similarity == sum(request.weights[name] * c for name, c in found[0].blocks.items()) / 1.5


def test_ties_go_by_id(shop: tuple[Store, Encoder]) -> None:
    """By colour alone the shots of one colour and pattern tie exactly; equal scores come in id order."""
    store, encoder = shop
    request = SearchRequest.check(store, encoder.blocks, k=18, weights={"style": 0.0, "colour": 1.0})
    order = [(-match.similarity, match.product.id) for match in nearest(store, store.vectors("red-plain")[0], request)]
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


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Forty products of one to three shots; p00 to p09 share one vector, and "many" has sixty shots near it."""
    store = create_catalog(str(tmp_path_factory.mktemp("crowd") / "shop.catalog"), META)
    shared = unit_vectors(1, 99)
    near = np.repeat(shared, 60, axis=0)
    near[:, :24] += unit_vectors(60, 5)[:, :24] / 100
    near[:, :24] /= np.linalg.norm(near[:, :24], axis=1, keepdims=True)
    entries = [entry(f"p{i:02d}", shared, category="dress", price=float(i)) for i in reversed(range(10))]
    entries += [
        entry(f"q{i:02d}", unit_vectors(1 + i % 3, i), category=("dress", "shirt")[i % 2], price=float(i))
        for i in range(29)
    ]
    store.upsert([*entries, entry("many", near, price=5.0)])
    yield store
    store.close()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 9),
    k=st.integers(1, 45),
    where=st.sampled_from([None, "price < 12", "category = shirt", "category = dress and price > 100"]),
    weights=st.sampled_from([{"style": 1.0, "colour": 0.5}, {"style": 0, "colour": 3}, {"style": 100, "colour": 0.01}]),
    without=st.sampled_from([None, "many", "p03", "q07", "nothing"]),
    offset=st.integers(0, 12),
)
def test_matches_are_those_of_a_scan_over_all_shots(
    crowd: Store, seed: int, k: int, where: str | None, weights: dict[str, float], without: str | None, offset: int
) -> None:
    vector = unit_vectors(1, 99 if seed == 9 else 1000 + seed)[0]
    request = SearchRequest.check(
        crowd, BLOCKS, k=k, where=where, weights=weights, without=without, offset=offset, kinds="any", variants=True
    )
    condition = parse_filter(where, crowd.fields()) if where else None
    scores = {}
    for name, stored in crowd.entries(list(crowd.ids())).items():
        if name != without and (condition is None or matches(condition, stored.product)):
            blocks = [split_blocks(one, BLOCKS) for one in (vector, *stored.vectors)]
            cosines = [{key: float(blocks[0][key] @ shot[key]) for key in weights} for shot in blocks[1:]]
            sums = [sum(weights[key] * value for key, value in shot.items()) for shot in cosines]
            scores[name] = max(sums) / sum(weights.values())
    expected = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[offset : offset + k]
    found = nearest(crowd, vector, request)
    assert [match.similarity for match in found] == pytest.approx([score for _, score in expected], abs=1e-5)
    for match in found:
        assert match.similarity == pytest.approx(scores[match.product.id], abs=1e-5)
    order = [(-match.similarity, match.product.id) for match in found]
    assert order == sorted(order)


@pytest.mark.parametrize("k", [1, 3, 9, 10])
def test_of_equal_products_the_first_ids_are_found(crowd: Store, k: int) -> None:
    vector = crowd.vectors("p00")[0]
    request = SearchRequest.check(crowd, BLOCKS, k=k, where="category = dress", kinds="any", variants=True)
    assert [match.product.id for match in nearest(crowd, vector, request)] == [f"p{i:02d}" for i in range(k)]


def test_a_product_of_many_shots_hides_no_other(crowd: Store) -> None:
    vector = crowd.vectors("many")[7]
    request = SearchRequest.check(crowd, BLOCKS, k=12, without="many", kinds="any", variants=True)
    found = nearest(crowd, vector, request)
    assert [match.product.id for match in found[:10]] == [f"p{i:02d}" for i in range(10)]
    assert len(found) == 12
    beside = SearchRequest.check(crowd, BLOCKS, k=12, kinds="any", variants=True)
    found = nearest(crowd, vector, beside)
    assert (found[0].product.id, found[0].shot) == ("many", 7)
    assert len({match.product.id for match in found}) == 12


@pytest.mark.parametrize("size", [1, 4, 7])
def test_pages_together_are_one_search(crowd: Store, size: int) -> None:
    vector = unit_vectors(1, 1234)[0]
    asked = {"kinds": "any", "variants": True, "where": "price < 25"}
    whole = nearest(crowd, vector, SearchRequest.check(crowd, BLOCKS, k=200, **asked))
    pages = []
    for offset in range(0, len(whole) + size, size):
        pages += nearest(crowd, vector, SearchRequest.check(crowd, BLOCKS, k=size, offset=offset, **asked))
    assert [match.product.id for match in pages] == [match.product.id for match in whole]


@pytest.mark.parametrize("kinds", [{}, {"dress": 0.7, "top": 0.3}, {"top": 0.9}])
def test_pages_are_the_whole_list_whatever_is_added_for_kinds(tmp_path: Path, kinds: dict[str, float]) -> None:
    """Many nearly identical products of three kinds: what is added for a kind moves them over many places."""
    store = create_catalog(str(tmp_path / "c.catalog"), META)
    base = unit_vectors(1, 7)[0]
    entries = []
    for i in range(90):
        vector = base.copy()
        vector[:24] += 0.2 * unit_vectors(1, i)[0][:24]
        vector[:24] /= np.linalg.norm(vector[:24])
        entries.append(entry(f"q{i:03d}", vector[None], kind=("dress", "top", "")[i % 3]))
    store.upsert(entries)

    def ids(k: int, offset: int) -> list[str]:
        request = SearchRequest.check(store, BLOCKS, k=k, offset=offset, variants=True)
        return [match.product.id for match in nearest(store, base, request, kinds)]

    whole = ids(90, 0)
    assert [name for at in range(0, 96, 6) for name in ids(6, at)] == whole
    assert len(whole) == len(set(whole)) == {0: 90, 1: 60, 2: 90}[len(kinds)]
    store.close()
