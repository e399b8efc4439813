"""Fit a reader's scores and thresholds to validation photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.lab.data.classes import GARMENTS
from streetshop.lab.evaluate.detection import match_queries
from streetshop.lab.evaluate.reader import Judged, boxes_of

Calibration = tuple[float, float, float]
"""Slopes of a garment's mean probability and size, and an offset; see :class:`streetshop.looks.parse.Rules`."""
RAW: Final = (1.0, 0.0, 0.0)
"""Calibration under which the score is the mean probability."""
_FEW: Final = 8
"""Found garments of a class below which it uses the threshold of all classes together."""


def outcomes(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """What is known of every garment found, and whether it is right.

    Returns:
        (n, 2) float64, the logit of its mean probability and the logarithm of its share of the photo; (n,) whether a
        true garment of its class has IoU 0.5 with its box; and its class.
    """
    rows, right, names = [], [], []
    for one in judged:
        matched = set(match_queries(boxes_of(one.true), boxes_of(one.found)).tolist())
        for i, garment in enumerate(one.found):
            chance = min(max(garment.score, 1e-4), 1 - 1e-4)
            rows.append((np.log(chance / (1 - chance)), np.log(max(one.shares[i], 1e-6))))
            right.append(i in matched)
            names.append(garment.category)
    return np.asarray(rows, np.float64).reshape(-1, 2), np.asarray(right, np.bool_), names


def fit_calibration(judged: Sequence[Judged]) -> Calibration:
    """Platt scaling: logistic regression of being right on the two numbers of :func:`outcomes`.

    Slopes are not negative. Platt 1999.
    """
    rows, right, _ = outcomes(judged)
    if len(set(right.tolist())) < 2:
        return RAW
    (a, b), c = platt(rows, right)
    return a, b, c


def platt(rows: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """Slopes, not negative, and offset of a logistic regression of ``right`` on (n, d) rows; both outcomes occur."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=10.0).fit(rows, right)
    return tuple(round(max(float(v), 0.0), 4) for v in fitted.coef_[0]), round(float(fitted.intercept_[0]), 4)


def fit_thresholds(judged: Sequence[Judged], calibration: Calibration) -> dict[str, float]:
    """For each class the score from .15 to .5 with the highest F1; rare classes share that of all garments."""
    rows, right, names = outcomes(judged)
    scores = 1 / (1 + np.exp(-(rows @ np.asarray(calibration[:2]) + calibration[2])))
    truths = [g.category for one in judged for g in one.true]
    every = best_threshold(scores, right, len(truths))
    found = {}
    for category in GARMENTS:
        mine = np.asarray([name == category for name in names])
        enough = mine.sum() >= _FEW and truths.count(category) >= _FEW
        found[category] = best_threshold(scores[mine], right[mine], truths.count(category)) if enough else every
    return found


def best_threshold(scores: NDArray[np.float64], right: NDArray[np.bool_], truths: int) -> float:
    """The score from .15 to .5 from which on what is found has the highest F1, given the number of true garments."""

    def f1(threshold: float) -> float:
        kept = scores >= threshold
        return 2 * float(right[kept].sum()) / max(int(kept.sum()) + truths, 1)

    return max((round(float(t), 3) for t in np.linspace(0.15, 0.5, 36)), key=f1)
