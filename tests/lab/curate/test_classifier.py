"""The noise classifier."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.lab.curate.classifier import judge, operating_point


def clouds(n: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = rng.random(n) < 0.4
    features = rng.standard_normal((n, 6)).astype(np.float32)
    features[:, 0] += apart * noise
    return features, noise, np.array([f"g{i // 2}" for i in range(n)], dtype=object)


@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_what_it_says_of_itself_holds_on_pictures_it_never_saw(kind: str) -> None:
    from streetshop.lab.curate.classifier import fit

    features, noise, groups = clouds(400, 2.5)
    judged = judge(features, noise, groups, kind, precision=0.9)  # type: ignore[arg-type]
    model = fit(features, noise, groups, kind)  # type: ignore[arg-type]
    others, truth, _ = clouds(4000, 2.5, seed=1)
    dropped = model.predict_proba(others)[:, 1] >= judged.threshold
    assert judged.precision.low - 0.05 <= truth[dropped].mean() <= judged.precision.high + 0.05
    assert judged.recall.low - 0.05 <= dropped[truth].mean() <= judged.recall.high + 0.05
    assert judged.reached
    assert judged.brier < 0.12
    assert judged.calibration_error < 0.12


def test_features_that_say_nothing_do_not_look_good() -> None:
    features, noise, groups = clouds(200, 0.0)
    judged = judge(features, noise, groups, precision=0.95)
    assert not judged.reached or judged.recall.value < 0.1


def test_the_operating_point_is_the_lowest_good_one_from_a_half_on() -> None:
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.2])
    noise = np.array([1, 1, 0, 1, 0, 1], bool)
    ones = np.ones(6)
    assert operating_point(p, noise, ones, 0.95) == (0.8, True)
    assert operating_point(p, noise, ones, 0.75) == (0.5, True)
    assert operating_point(p, ~noise, ones, 0.9) == (0.7, False)
    # The clean one stands for a hundred pictures: below it nothing is precise any more.
    assert operating_point(p, noise, np.array([1, 1, 100, 1, 1, 1.0]), 0.75) == (0.8, True)
    ties = np.array([0.8, 0.8, 0.2])
    assert operating_point(ties, np.array([True, False, False]), np.ones(3), 0.9) == (0.8, False)
