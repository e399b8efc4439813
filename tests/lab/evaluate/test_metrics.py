"""Metrics against hand-worked cases, naive versions, and ranx where its definitions agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate import metrics


def test_one_ranking_three_average_precisions() -> None:
    """methods.md: one ranking scores AP@5 = .125, .200 or 1.000."""
    hits, relevant = [[1, 0, 0, 0, 0]], [8]
    assert metrics.average_precision(hits, relevant, 5, "relevant") == [0.125]
    assert metrics.average_precision(hits, relevant, 5, "min") == [0.2]
    assert metrics.average_precision(hits, relevant, 5, "hits") == [1.0]


def test_by_hand() -> None:
    hits = np.array([[0, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
    relevant = [2, 3, 1, 0]
    nan = np.nan
    np.testing.assert_array_equal(metrics.hit_rate(hits, relevant, 1), [0, 1, 0, nan])
    np.testing.assert_array_equal(metrics.hit_rate(hits, relevant, 2), [1, 1, 0, nan])
    np.testing.assert_allclose(metrics.precision(hits, relevant, 4), [0.5, 0.5, 0, nan])
    np.testing.assert_allclose(metrics.recall(hits, relevant, 4), [1, 2 / 3, 0, nan])
    np.testing.assert_allclose(metrics.average_precision(hits, relevant, 5), [(1 / 2 + 2 / 4) / 2, 2 / 3, 0, nan])
    np.testing.assert_allclose(metrics.average_precision(hits, relevant, 2), [(1 / 2) / 2, 1, 0, nan])
    np.testing.assert_allclose(metrics.reciprocal_rank([2, 1, 9, 0], relevant), [0.5, 1, 1 / 9, nan])
    np.testing.assert_allclose(metrics.reciprocal_rank([2, 1, 9, 0], relevant, 5), [0.5, 1, 0, nan])
    ideal = 1 + 1 / math.log2(3)
    gained = 1 / math.log2(3) + 1 / math.log2(5)
    np.testing.assert_allclose(
        metrics.ndcg(hits, relevant, 5), [gained / ideal, ideal / (ideal + 1 / math.log2(4)), 0, nan]
    )
    np.testing.assert_allclose(metrics.cmc(hits, relevant, 5), [1 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3])


def test_recall_of_the_metric_learning_literature_is_hit_rate() -> None:
    hits, relevant = [[1, 0, 0]], [4]
    assert metrics.hit_rate(hits, relevant, 1) == [1.0]  # their Recall@1
    assert metrics.recall(hits, relevant, 1) == [0.25]


def test_precision_divides_by_k_however_small_the_gallery() -> None:
    assert metrics.precision([[1, 1, 0, 0, 0]], [2], 5) == [0.4]


def test_method_1_prints_pooled_precision_of_65_queries() -> None:
    """methods.md: the printed table decodes exactly to 65 queries with a constant k as the divisor, truncated."""
    printed = [846, 846, 820, 811, 793, 764, 742, 713, 687, 667, 646, 625, 608, 596, 576]
    decoded = []
    for k, value in enumerate(printed, start=1):
        fitting = [h for h in range(65 * k + 1) if h * 1000 // (65 * k) == value]
        assert fitting
        decoded.append(fitting[0])
    # Rankings with those totals: hits of rank k are shared out over the queries.
    hits = np.zeros((65, 15), bool)
    for rank, count in enumerate(np.diff([0, *decoded])):
        hits[: max(count, 0), rank] = True
    relevant = np.full(65, 99)
    pooled = [metrics.precision(hits, relevant, k).mean() for k in range(1, 16)]
    assert [math.floor(p * 1000 + 1e-9) for p in pooled] == printed


def test_graded() -> None:
    gains, ideal = [[1, 3, 0]], [[3, 2, 1]]
    expected = (1 + 3 / math.log2(3)) / (3 + 2 / math.log2(3) + 1 / 2)
    np.testing.assert_allclose(metrics.graded_ndcg(gains, ideal, 3), [expected])
    hits = np.array([[0, 1, 1, 0]], bool)
    np.testing.assert_allclose(metrics.graded_ndcg(hits, [[1, 1, 1, 0]], 4), metrics.ndcg(hits, [3], 4))
    assert np.isnan(metrics.graded_ndcg([[0, 0]], [[0, 0]], 2)).all()


def test_vote_is_the_share_of_neighbours() -> None:
    np.testing.assert_allclose(metrics.knn_vote([[0, 2, 2, 1], [1, 1, -1, -1]], 3), [[0.25, 0.25, 0.5], [0, 1, 0]])
    with pytest.raises(MeasureError):
        metrics.knn_vote([[3]], 3)


rankings = st.integers(1, 12).flatmap(
    lambda depth: st.lists(
        st.tuples(st.lists(st.booleans(), min_size=depth, max_size=depth), st.integers(0, 5)), min_size=1, max_size=6
    )
)


@given(rankings, st.data())
def test_against_naive_versions(cases: list[tuple[list[bool], int]], data: st.DataObject) -> None:
    hits = [h for h, _ in cases]
    relevant = [sum(h) + more for h, more in cases]
    k = data.draw(st.integers(1, len(hits[0])))
    for i, (line, total) in enumerate(zip(hits, relevant, strict=True)):
        found = [j + 1 for j in range(k) if line[j]]
        gained = sum((n + 1) / rank for n, rank in enumerate(found))
        expected = {
            "hit": float(bool(found)),
            "precision": len(found) / k,
            "recall": len(found) / total if total else 0,
            "min": gained / min(k, total) if total else 0,
            "relevant": gained / total if total else 0,
            "hits": gained / len(found) if found else 0,
            "ndcg": sum(1 / math.log2(r + 1) for r in found)
            / (sum(1 / math.log2(r + 1) for r in range(1, min(k, total) + 1)) or 1),
        }
        got = {
            "hit": metrics.hit_rate(hits, relevant, k)[i],
            "precision": metrics.precision(hits, relevant, k)[i],
            "recall": metrics.recall(hits, relevant, k)[i],
            **{d: metrics.average_precision(hits, relevant, k, d)[i] for d in ("min", "relevant", "hits")},
            "ndcg": metrics.ndcg(hits, relevant, k)[i],
        }
        for name, value in got.items():
            if total == 0:
                assert np.isnan(value)
            else:
                assert value == pytest.approx(expected[name]), name


def test_against_ranx_where_definitions_agree() -> None:
    """hit rate, precision, recall, MRR, nDCG are the same; its MAP@k is the one with the denominator R."""
    ranx = pytest.importorskip("ranx")
    rng = np.random.default_rng(0)
    depth, gallery = 10, 30
    qrels, run, hits, relevant, first = {}, {}, [], [], []
    for q in range(40):
        truth = set(rng.choice(gallery, rng.integers(1, 14), replace=False).tolist())
        order = rng.permutation(gallery)
        qrels[f"q{q}"] = {f"d{d}": 1 for d in truth}
        run[f"q{q}"] = {f"d{d}": float(gallery - i) for i, d in enumerate(order)}
        hits.append([int(d) in truth for d in order])
        relevant.append(len(truth))
        first.append(hits[-1].index(True) + 1)
    names = [f"{m}@{depth}" for m in ("hit_rate", "precision", "recall", "map", "mrr", "ndcg")] + ["map", "mrr"]
    theirs = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), names)
    ours = {
        "hit_rate@10": metrics.hit_rate(hits, relevant, depth),
        "precision@10": metrics.precision(hits, relevant, depth),
        "recall@10": metrics.recall(hits, relevant, depth),
        "map@10": metrics.average_precision(hits, relevant, depth, "relevant"),
        "mrr@10": metrics.reciprocal_rank(first, relevant, depth),
        "ndcg@10": metrics.ndcg(hits, relevant, depth),
        "map": metrics.average_precision(hits, relevant, gallery, "relevant"),
        "mrr": metrics.reciprocal_rank(first, relevant),
    }
    for name, values in ours.items():
        assert values.mean() == pytest.approx(float(theirs[name]), abs=1e-9), name
    smaller = metrics.average_precision(hits, relevant, 5, "min").mean()
    assert smaller > float(ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), "map@5")) + 0.05  # another number


@pytest.mark.parametrize(
    ("hits", "relevant", "k"), [([[1, 0]], [1], 3), ([[1, 0]], [1], 0), ([[1, 0]], [1, 2], 1), ([1, 0], [1], 1)]
)
def test_what_does_not_fit(hits: list[int], relevant: list[int], k: int) -> None:
    for function in (metrics.hit_rate, metrics.precision, metrics.recall, metrics.average_precision, metrics.ndcg):
        with pytest.raises(MeasureError):
            function(hits, relevant, k)
    with pytest.raises(MeasureError, match="denominator"):
        metrics.average_precision([[1]], [1], 1, "max")
