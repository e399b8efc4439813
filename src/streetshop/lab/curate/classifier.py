"""A calibrated noise classifier on frozen features, with cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.lab.curate.encoders import Vectors

Kind = Literal["logistic", "mlp"]

LEAST: Final = 10
"""Least labels of each class."""
_FOLDS: Final = 5
_ROUNDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval: percentile bootstrap over groups of pictures, exact at 0 and 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Cross-validation of the classifier at its operating point.

    Attributes:
        threshold: least probability of noise of a dropped picture.
        precision: share of noise among the dropped pictures.
        recall: share of dropped pictures among the noise.
        brier: mean squared error of the probabilities.
        calibration_error: expected calibration error over ten bins.
        clean: number of clean labels.
        noise: number of noise labels.
        reached: whether the target precision is reached.
    """

    threshold: float
    precision: Rate
    recall: Rate
    brier: float
    calibration_error: float
    clean: int
    noise: int
    reached: bool


def fit(features: Vectors, noise: NDArray[np.bool_], groups: NDArray[Any], kind: Kind, seed: int = 0) -> Any:
    """Fit a classifier whose ``predict_proba(...)[:, 1]`` is a calibrated probability of noise.

    Sigmoid calibration (Platt 1999) on held-out folds.

    Args:
        features: (n, dim).
        noise: (n,) labels.
        groups: (n,) a group is never on both sides of a fold.
        kind: of classifier.
        seed: of folds and classifier.
    """
    from sklearn.calibration import CalibratedClassifierCV

    folds = list(_folds(noise, groups, seed))
    return CalibratedClassifierCV(_plain(kind, seed), method="sigmoid", cv=folds).fit(features, noise)


def judge(
    features: Vectors,
    noise: NDArray[np.bool_],
    groups: NDArray[Any],
    kind: Kind = "logistic",
    *,
    weights: NDArray[np.float64] | None = None,
    precision: float = 0.95,
    seed: int = 0,
) -> Judgement:
    """Cross-validate classifier and threshold: both are chosen without the fold that they are measured on.

    Args:
        features: (n, dim).
        noise: (n,) labels.
        groups: (n,) pictures of one group (product, sender) are never on both sides of a fold.
        kind: of classifier.
        weights: (n,) number of pictures that each label represents. Without them the precision of a balanced sample,
            which holds more noise than all rows do, is too high.
        precision: the operating point is the lowest threshold from 0.5 on that reaches it.
        seed: of folds, classifier and bootstrap.

    Raises:
        CurateError: a class has fewer than ten labels, or labels in fewer than two groups.
    """
    check_labels(noise, groups)
    weights = np.ones(len(noise)) if weights is None else weights
    probabilities = np.zeros(len(noise))
    folds = list(_folds(noise, groups, seed))
    for train, test in folds:
        model = fit(features[train], noise[train], groups[train], kind, seed)
        probabilities[test] = model.predict_proba(features[test])[:, 1]
    dropped = np.zeros(len(noise), dtype=np.bool_)
    for train, test in folds:
        dropped[test] = (
            probabilities[test] >= operating_point(probabilities[train], noise[train], weights[train], precision)[0]
        )
    threshold, reached = operating_point(probabilities, noise, weights, precision)
    return Judgement(
        threshold,
        _rate(dropped & noise, dropped, weights, groups, seed),
        _rate(dropped & noise, noise, weights, groups, seed),
        round(float(((probabilities - noise) ** 2).mean()), 4),
        round(_calibration_error(probabilities, noise), 4),
        int((~noise).sum()),
        int(noise.sum()),
        reached,
    )


def check_labels(noise: NDArray[np.bool_], groups: NDArray[Any]) -> None:
    """Raise :class:`CurateError` when a class has too few labels or groups."""
    counts = {"noise": int(noise.sum()), "clean": int((~noise).sum())}
    for name, count in counts.items():
        if count < LEAST:
            only = " (everything is noise)" if name == "clean" and not count else ""
            raise CurateError(
                f"{count} pictures are labelled {name}{only}",
                hint=f"Label at least {LEAST} of each with `streetshop lab curate label FOLDER`",
            )
    for name, side in (("noise", noise), ("clean", ~noise)):
        if len(set(groups[side].tolist())) < 2:
            raise CurateError(
                f"all pictures labelled {name} belong to one group", hint="Label pictures of more products"
            )


def operating_point(
    probabilities: NDArray[np.float64], noise: NDArray[np.bool_], weights: NDArray[np.float64], precision: float
) -> tuple[float, bool]:
    """The lowest threshold from 0.5 on that reaches a precision, and whether there is one.

    If none reaches it, the threshold of the highest precision. Thresholds below 0.5 would drop pictures that are
    probably clean.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    found = np.cumsum((noise * weights)[order]) / np.cumsum(weights[order])
    # A threshold drops all pictures of equal probability, so only the last of equals is a candidate.
    ends = np.append(ranked[1:] < ranked[:-1], True)
    likely = ends & (ranked >= 0.5)
    good = np.flatnonzero(likely & (found >= precision))
    if len(good):
        above = ranked[good[-1]]
        # 0.5 drops the same pictures when no probability lies between.
        return float(0.5 if not (probabilities[probabilities < above] >= 0.5).any() else above), True
    candidates = np.flatnonzero(likely if likely.any() else ends)
    return float(ranked[candidates[np.argmax(found[candidates])]]), False


def _plain(kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind == "mlp":
        network = MLPClassifier((16,), solver="lbfgs", alpha=1.0, tol=1e-3, max_iter=2000, random_state=seed)
        return make_pipeline(StandardScaler(), network)
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def _folds(noise: NDArray[np.bool_], groups: NDArray[Any], seed: int) -> Any:
    from sklearn.model_selection import StratifiedGroupKFold

    fewest = min(len(set(groups[noise].tolist())), len(set(groups[~noise].tolist())))
    count = min(_FOLDS, fewest)
    if count < 2:
        raise CurateError("too few groups of pictures to cross-validate", hint="Label pictures of more products")
    for train, test in StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(noise, noise, groups):
        if len(set(noise[train].tolist())) == 2:
            yield train, test


def _rate(
    hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: NDArray[np.float64], groups: NDArray[Any], seed: int
) -> Rate:
    """Share of ``hits`` among ``of`` with a bootstrap interval over groups; 0 to 1 when there is nothing to count."""
    _, codes = np.unique(groups.astype(str), return_inverse=True)
    good, all_of = np.bincount(codes, hits * weights), np.bincount(codes, of * weights)
    if not all_of.sum():
        return Rate(0.0, 0.0, 1.0)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(good), (_ROUNDS, len(good)))
    totals = all_of[drawn].sum(axis=1)
    shares = good[drawn].sum(axis=1)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(shares, [0.025, 0.975])
    value = float(good.sum() / all_of.sum())
    # Without errors the bootstrap interval is empty: the exact bound for this many groups without an error.
    certain = 0.025 ** (1 / np.count_nonzero(all_of))
    if value == 1:
        low = certain
    elif value == 0:
        high = 1 - certain
    return Rate(round(value, 4), round(float(low), 4), round(float(high), 4))


def _calibration_error(probabilities: NDArray[np.float64], noise: NDArray[np.bool_]) -> float:
    bins = np.minimum((probabilities * 10).astype(int), 9)
    gaps = [abs(probabilities[bins == b].mean() - noise[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)]
    return float(sum(gaps) / len(noise))
