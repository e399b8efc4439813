from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate.dense import Confusion, pck


def test_against_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, (4, 20, 30))
    predicted = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 6, truth.shape))
    confusion = Confusion.empty(8)
    for p, t in zip(predicted, truth, strict=True):
        confusion.add(p, t)
    assert confusion.pixel_accuracy() == pytest.approx(accuracy_score(truth.ravel(), predicted.ravel()))
    expected = jaccard_score(truth.ravel(), predicted.ravel(), average=None, labels=range(6))
    np.testing.assert_allclose(confusion.iou()[:6], expected)
    assert np.isnan(confusion.iou()[6:]).all()  # neither true nor predicted
    assert confusion.iou()[5] == 0  # predicted, never true
    assert confusion.mean_iou() == pytest.approx(expected.mean())
    assert confusion.mean_iou(true_only=True) == pytest.approx(expected[:5].mean())
    np.testing.assert_allclose(confusion.recall()[0], (predicted[truth == 0] == 0).mean())


def test_by_hand_with_ignored_pixels() -> None:
    confusion = Confusion.empty(2)
    confusion.add([[0, 1], [1, 1]], [[0, 0], [1, 255]])
    assert confusion.matrix.tolist() == [[1, 1], [0, 1]]
    assert confusion.iou().tolist() == [0.5, 0.5]
    assert confusion.pixel_accuracy() == pytest.approx(2 / 3)


def test_empty_and_malformed() -> None:
    confusion = Confusion.empty(3)
    assert np.isnan(confusion.pixel_accuracy())
    assert np.isnan(confusion.mean_iou())
    with pytest.raises(MeasureError, match="outside 0"):
        confusion.add([3], [0])
    with pytest.raises(MeasureError, match="shape"):
        confusion.add([1, 2], [1])


def test_pck() -> None:
    truth = np.zeros((2, 3, 2))
    predicted = np.array([[[0, 5], [3, 4], [np.nan, np.nan]], [[0, 11], [0, 0], [0, 0]]], float)
    visible = np.array([[1, 1, 1], [1, 0, 0]], bool)
    np.testing.assert_allclose(pck(predicted, truth, visible, [50, 100]), [0.5, 1, 0])
    assert np.isnan(pck(predicted, truth, np.zeros((2, 3), bool), [50, 100])).all()
    np.testing.assert_allclose(pck(predicted, truth, visible, [50, 100], alpha=0.2), [1, 1, 0])
    with pytest.raises(MeasureError, match="do not fit"):
        pck(predicted, truth, visible, [50])
