"""Retrieval metrics as pure functions; each name says its denominator.

All take ``hits``, a (queries, depth) bool array: whether the item at each rank, best first, is relevant; and
``relevant``, (queries,) integers: how many relevant items the gallery holds for the query. All give (queries,) float64,
NaN for a query without any relevant item, which the caller counts and shows. What *relevant* means, which items the
gallery holds and how ties were broken is the protocol's affair (:mod:`streetshop.lab.evaluate.protocols`). ``depth``
must reach ``k``; a gallery smaller than that is filled up with False.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streetshop.core.errors import MeasureError

Values = NDArray[np.float64]
Denominator = Literal["min", "relevant", "hits"]


def hit_rate(hits: ArrayLike, relevant: ArrayLike, k: int) -> Values:
    """1 when any of the first ``k`` is relevant, else 0.

    Other names of the same number: top-k accuracy, top-k retrieval accuracy, CMC(k), and the ``Recall@k`` of the
    metric-learning literature (which is *not* :func:`recall`).
    """
    found, total = _check(hits, relevant, k)
    return _where_any(np.asarray(found[:, :k].any(axis=1), np.float64), total)


def precision(hits: ArrayLike, relevant: ArrayLike, k: int) -> Values:
    """Relevant items among the first ``k``, divided by ``k``, also when the gallery holds fewer than ``k`` items."""
    found, total = _check(hits, relevant, k)
    return _where_any(found[:, :k].sum(axis=1) / k, total)


def recall(hits: ArrayLike, relevant: ArrayLike, k: int) -> Values:
    """Relevant items among the first ``k``, divided by the number of relevant items in the gallery."""
    found, total = _check(hits, relevant, k)
    return _where_any(found[:, :k].sum(axis=1) / np.maximum(total, 1), total)


def average_precision(hits: ArrayLike, relevant: ArrayLike, k: int, denominator: Denominator = "min") -> Values:
    """AP@k: the sum over the first ``k`` ranks i of precision(i) * relevant(i), over a denominator.

    - ``"min"``: min(k, number of relevant items): 1 is reachable at every k (the blog of method 4);
    - ``"relevant"``: the number of relevant items (TREC, ranx): 1 is out of reach when there are more than k;
    - ``"hits"``: the number of relevant items *found* among the first k: one lucky hit at rank 1 scores 1.

    One ranking with 8 relevant items and a single hit at rank 1 of 5 scores .200, .125 and 1.000.
    """
    found, total = _check(hits, relevant, k)
    found = found[:, :k]
    gained = (found * (np.cumsum(found, axis=1) / np.arange(1, k + 1))).sum(axis=1)
    if denominator == "min":
        divisor = np.minimum(total, k)
    elif denominator == "relevant":
        divisor = total
    elif denominator == "hits":
        divisor = found.sum(axis=1)
    else:
        raise MeasureError(f"denominator {denominator!r} is unknown", hint="Use min, relevant or hits")
    return _where_any(gained / np.maximum(divisor, 1), total)


def reciprocal_rank(first: ArrayLike, relevant: ArrayLike, k: int | None = None) -> Values:
    """1 / rank of the first relevant item; 0 when that rank is beyond ``k``.

    Args:
        first: (queries,) that rank in the whole gallery, from 1; any value where there is no relevant item.
        relevant: (queries,) number of relevant items in the gallery.
        k: depth; None: the whole gallery.
    """
    rank = np.asarray(first, dtype=np.float64)
    total = np.asarray(relevant)
    values = 1 / np.maximum(rank, 1)
    return _where_any(values if k is None else np.where(rank <= k, values, 0.0), total)


def ndcg(hits: ArrayLike, relevant: ArrayLike, k: int) -> Values:
    """Binary nDCG@k: the sum over the first ``k`` ranks i of relevant(i) / log2(i + 1), over its largest value.

    The largest value has the min(k, number of relevant) items first. Järvelin and Kekäläinen 2002, in its usual form.
    """
    found, total = _check(hits, relevant, k)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate(([1.0], np.cumsum(discount)))[np.minimum(total, k)]
    return _where_any((found[:, :k] * discount).sum(axis=1) / np.where(total > 0, ideal, 1.0), total)


def graded_ndcg(gains: ArrayLike, ideal: ArrayLike, k: int) -> Values:
    """Graded nDCG@k: the sum of gain(i) / log2(i + 1) over the first ``k`` ranks, over that of ``ideal``.

    Args:
        gains: (queries, >= k) gain of the item at each rank, not negative.
        ideal: (queries, >= k) the gains of the whole gallery's best items, largest first.
        k: depth.
    """
    got, best = np.asarray(gains, dtype=np.float64), np.asarray(ideal, dtype=np.float64)
    if got.ndim != 2 or best.ndim != 2 or min(got.shape[1], best.shape[1]) < k or k < 1:
        raise MeasureError(f"gains {got.shape} and ideal {best.shape} do not reach rank {k}")
    discount = 1 / np.log2(np.arange(2, k + 2))
    top = (best[:, :k] * discount).sum(axis=1)
    return _where_any((got[:, :k] * discount).sum(axis=1) / np.where(top > 0, top, 1.0), top)


def cmc(hits: ArrayLike, relevant: ArrayLike, k: int) -> Values:
    """(k,) cumulative match characteristic: :func:`hit_rate` at 1 ... k, averaged over queries that have a match."""
    found, total = _check(hits, relevant, k)
    matched = np.maximum.accumulate(found[total > 0, :k], axis=1)
    return matched.mean(axis=0) if len(matched) else np.full(k, np.nan)


def knn_vote(labels: ArrayLike, classes: int) -> Values:
    """(queries, classes): the share of each query's neighbours with each label (method 5's class probability).

    Args:
        labels: (queries, k) integers 0 ... classes - 1 of the k nearest items; -1 where there is none.
        classes: number of labels.
    """
    found = np.asarray(labels)
    if found.ndim != 2 or (found.size and (found.max() >= classes or found.min() < -1)):
        raise MeasureError(f"labels of shape {found.shape} do not lie in -1 ... {classes - 1}")
    votes = (found[:, :, None] == np.arange(classes)).sum(axis=1)
    return votes / np.maximum((found >= 0).sum(axis=1, keepdims=True), 1)


def _check(hits: ArrayLike, relevant: ArrayLike, k: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    found, total = np.asarray(hits, dtype=np.bool_), np.asarray(relevant, dtype=np.intp)
    if found.ndim != 2 or total.shape != found.shape[:1]:
        raise MeasureError(
            f"hits {found.shape} and relevant {total.shape} do not fit", hint="(queries, depth), (queries,)"
        )
    if not 1 <= k <= found.shape[1]:
        raise MeasureError(f"k = {k} with rankings {found.shape[1]} deep", hint="Rank at least k items")
    return found, total


def _where_any(values: NDArray[np.floating], total: NDArray[np.number]) -> Values:
    return np.where(total > 0, values, np.nan)
