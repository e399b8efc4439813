"""Scores: probabilities that rise with the similarity, whatever the weights; the least score and the floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import Store
from streetshop.core.records import Match
from streetshop.models.spec import CosineScale
from streetshop.search import SearchRequest
from streetshop.search.closeness import SIMILAR, VERY_CLOSE, Scale, closeness
from streetshop.search.match import nearest
from tests.catalog.conformance import BLOCKS, META, entry, unit_vectors
from tests.models.tiny import SCALE

WEIGHT = st.one_of(st.just(0.0), st.floats(0.01, 100))
WEIGHTS = st.tuples(WEIGHT, WEIGHT).filter(any)


def test_the_scale_is_that_of_the_pairs_it_was_fitted_on() -> None:
    """Mean and deviation from the moments of the blocks equal those of the weighted sums themselves."""
    cosines = np.random.default_rng(0).normal(size=(500, 2)) @ [[0.2, 0.1], [0.0, 0.3]] + [0.1, 0.4]
    moments = cosines.mean(axis=0), np.cov(cosines.T)
    calibration = CosineScale(mean=tuple(moments[0]), covariance=tuple(map(tuple, moments[1])), slope=1, intercept=0)
    for weights in ({"style": 1.0, "colour": 0.0}, {"style": 3.5, "colour": 1.75}, {"style": 0.1, "colour": 100.0}):
        similarities = (cosines @ list(weights.values())) / sum(weights.values())
        scale = Scale.of(calibration, BLOCKS, weights)
        assert scale.mean == pytest.approx(similarities.mean())
        assert scale.deviation == pytest.approx(similarities.std(ddof=1))


@given(weights=WEIGHTS, similarities=st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_scores_are_probabilities_that_rise_with_the_similarity(
    weights: tuple[float, float], similarities: list[float]
) -> None:
    scale = Scale.of(SCALE, BLOCKS, {"style": weights[0], "colour": weights[1]})
    scores = [scale.score(similarity) for similarity in sorted(similarities)]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores)


def test_a_covariance_without_full_rank_gives_finite_scores() -> None:
    flat = SCALE.model_copy(update={"covariance": ((1.0, -1.0), (-1.0, 1.0))})
    scale = Scale.of(flat, BLOCKS, {"style": 1.0, "colour": 1.0})
    assert scale.score(-1) == pytest.approx(0)
    assert scale.score(1) == pytest.approx(1)


def test_words() -> None:
    assert [closeness(x) for x in (VERY_CLOSE, 0.4999, SIMILAR, 0.1999, 0.0)] == [
        "very close",
        "similar",
        "similar",
        "loosely similar",
        "loosely similar",
    ]
    assert closeness(None) is None


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Dresses, tops and products of unknown kind."""
    store = create_catalog(str(tmp_path_factory.mktemp("close") / "shop.catalog"), META)
    entries = []
    for i, kind in enumerate(("dress", "top", "")):
        for j in range(20):
            one = entry(f"{kind or 'any'}{j:02d}", unit_vectors(1 + j % 2, 100 * i + j), price=float(j))
            entries.append(replace(one, product=replace(one.product, kind=kind)))
    store.upsert(entries)
    yield store
    store.close()


def ask(store: Store, **asked: Any) -> SearchRequest:
    return SearchRequest.check(store, BLOCKS, **{"k": 60, "calibration": SCALE, **asked})


def ids(found: tuple[Match, ...]) -> list[str]:
    return [match.product.id for match in found]


@given(seed=st.integers(0, 20), weights=WEIGHTS, kinds=st.sampled_from([{}, {"dress": 0.6, "top": 0.4}, {"top": 0.2}]))
def test_scores_change_nothing_in_the_order_and_fall_along_it(
    shop: Store, seed: int, weights: tuple[float, float], kinds: dict[str, float]
) -> None:
    vector, given_weights = unit_vectors(1, 900 + seed)[0], {"style": weights[0], "colour": weights[1]}
    scored = nearest(shop, vector, ask(shop, weights=given_weights), kinds)
    plain = nearest(shop, vector, ask(shop, weights=given_weights, calibration=None), kinds)
    assert ids(scored) == ids(plain)
    assert [match.similarity for match in scored] == [match.similarity for match in plain]
    scores = [match.score for match in scored]
    assert scores == sorted(scores, reverse=True)
    assert all(match.score is None for match in plain)


@given(seed=st.integers(0, 20), least=st.floats(0, 1), size=st.integers(1, 25))
def test_results_below_the_least_score_are_cut_on_every_page(shop: Store, seed: int, least: float, size: int) -> None:
    vector, kinds = unit_vectors(1, 900 + seed)[0], {"dress": 0.6, "top": 0.4}
    every = nearest(shop, vector, ask(shop), kinds)
    pages: list[str] = []
    for offset in range(0, 75, size):
        pages += ids(nearest(shop, vector, ask(shop, k=size, offset=offset, min_score=least), kinds))
    assert pages == [match.product.id for match in every if match.score is not None and match.score >= least]
