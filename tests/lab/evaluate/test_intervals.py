from __future__ import annotations

import numpy as np
import pytest

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate.intervals import bootstrap, bootstrap_of, paired


def test_interval_of_a_share_is_about_the_binomial_one() -> None:
    values = np.r_[np.ones(300), np.zeros(700), np.full(50, np.nan)]
    estimate = bootstrap(values)
    assert (estimate.mean, estimate.queries) == (0.3, 1000)
    deviation = np.sqrt(0.3 * 0.7 / 1000)
    assert estimate.low == pytest.approx(0.3 - 1.96 * deviation, abs=0.004)
    assert estimate.high == pytest.approx(0.3 + 1.96 * deviation, abs=0.004)
    assert estimate == bootstrap(values)  # from a seed
    assert str(estimate).startswith("0.300 [")


def test_a_measure_over_drawn_items_agrees_with_the_mean() -> None:
    values = np.random.default_rng(0).random(60)
    found, plain = bootstrap_of(lambda drawn: float(values[drawn].mean()), 60, rounds=1500), bootstrap(values)
    assert found.mean == pytest.approx(plain.mean)
    assert found.queries == 60
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.01)


def test_coverage_is_near_the_level() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for trial in range(200):
        estimate = bootstrap(rng.random(80) < 0.4, rounds=400, seed=trial)
        inside += estimate.low <= 0.4 <= estimate.high
    assert 178 <= inside <= 199


def test_clusters_widen_the_interval_when_queries_repeat() -> None:
    base = (np.random.default_rng(0).random(100) < 0.5).astype(float)
    values, clusters = np.repeat(base, 10), np.repeat(np.arange(100), 10)
    single, grouped = bootstrap(values), bootstrap(values, clusters=clusters)
    assert grouped.mean == pytest.approx(single.mean)
    width = (grouped.high - grouped.low) / (single.high - single.low)
    assert width == pytest.approx(np.sqrt(10), rel=0.2)


def test_a_comparison_draws_and_swaps_whole_clusters() -> None:
    """Ten copies of each query are no ten times the evidence: interval and p-value are those of the queries alone."""
    rng = np.random.default_rng(3)
    a, noise = rng.random(40), rng.normal(size=40)
    b = a + 0.06 + 0.3 * (noise - noise.mean())
    once, copies = paired(a, b), [np.repeat(values, 10) for values in (a, b)]
    single, grouped = paired(*copies), paired(*copies, clusters=np.repeat(np.arange(40), 10))
    assert grouped.difference == pytest.approx(single.difference) == pytest.approx(once.difference)
    assert grouped.queries == 400
    assert (grouped.low, grouped.high, grouped.p_value) == pytest.approx((once.low, once.high, once.p_value), abs=0.02)
    assert (grouped.high - grouped.low) / (single.high - single.low) == pytest.approx(np.sqrt(10), rel=0.2)
    assert single.p_value < 0.01 < grouped.p_value


def test_clusters_of_different_sizes_weigh_by_their_queries() -> None:
    """A mean over queries, of which 9 are one cluster's: one draw of two clusters in four holds that cluster alone."""
    values, clusters = np.r_[np.ones(9), 0.0], np.r_[np.zeros(9), 1.0]
    estimate = bootstrap(values, clusters=clusters)
    assert (estimate.mean, estimate.low, estimate.high) == (pytest.approx(0.9), 0, 1)
    assert paired(np.zeros(10), values, clusters=clusters).difference == pytest.approx(0.9)


def test_nothing_to_estimate() -> None:
    estimate = bootstrap([np.nan, np.nan])
    assert np.isnan(estimate.mean)
    assert estimate.queries == 0
    assert bootstrap([]).queries == 0
    assert paired([np.nan], [np.nan]).queries == 0


def test_pairing_sees_what_two_intervals_hide() -> None:
    rng = np.random.default_rng(1)
    difficulty = rng.random(400)
    a, b = difficulty, np.clip(difficulty + 0.02, 0, 1)
    result = paired(a, b)
    assert bootstrap(a).high > bootstrap(b).low  # the intervals overlap
    assert 0 < result.low < result.difference < result.high
    assert result.p_value == pytest.approx(1 / 10_001)
    assert result.difference == pytest.approx(result.mean_b - result.mean_a)


def test_p_values_are_uniform_when_nothing_differs() -> None:
    rng = np.random.default_rng(2)
    p = [paired(rng.random(40), rng.random(40), rounds=10, permutations=400, seed=t).p_value for t in range(200)]
    assert np.mean(np.asarray(p) < 0.05) < 0.11
    assert np.mean(p) == pytest.approx(0.5, abs=0.07)
    assert paired([0, 1, 1], [0, 1, 1]).p_value == 1


def test_a_small_permutation_test_by_hand() -> None:
    """Differences 1, 1, 1: of the 8 sign patterns 2 are as extreme, p = 1/4."""
    assert paired([0, 0, 0], [1, 1, 1], permutations=20_000).p_value == pytest.approx(0.25, abs=0.01)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(MeasureError, match="one run only"):
        paired([1, np.nan], [1, 0])
    with pytest.raises(MeasureError, match="shapes"):
        paired([1], [1, 0])
    with pytest.raises(MeasureError, match="clusters"):
        bootstrap([1, 0], clusters=[1])
