"""Weights: read from text, filled with defaults, refused when they make no sense; what they do to a vector."""

from __future__ import annotations

import json

import numpy as np
import pytest

from streetshop.catalog.store import split_blocks
from streetshop.core.errors import WeightsError
from streetshop.core.records import Block
from streetshop.indexing.embed import default_scaling
from streetshop.search.weights import Weights, check_weights, parse_weights, weigh

BLOCKS = (Block("style", 3, 1.0), Block("colour", 2, 0.5))


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        ([], None),
        ([""], None),
        (["colour=6"], {"colour": 6.0}),
        (["colour = 6", "style=.5"], {"colour": 6.0, "style": 0.5}),
        (["colour=6,style=1"], {"colour": 6.0, "style": 1.0}),
        (['{"colour": 2, "style": 0}'], {"colour": 2.0, "style": 0.0}),
        (["same colour"], "same colour"),
        (["colour"], "colour"),
    ],
)
def test_weights_from_text(values: list[str], weights: Weights | None) -> None:
    assert parse_weights(values) == weights


@pytest.mark.parametrize(
    "values",
    [
        ["same item", "colour=2"],
        ["colour=2,same item"],
        ["same item", "same cut"],
        ["colour="],
        ["colour=much"],
        ['{"colour"'],
        ['{"colour": "x"}'],
        ['{"colour": true}'],
        ["a=1"] * 65,
    ],
)
def test_text_that_is_no_weights(values: list[str]) -> None:
    with pytest.raises(WeightsError):
        parse_weights(values)


def test_weights_are_filled_and_checked() -> None:
    assert check_weights(None, BLOCKS) == {"style": 1.0, "colour": 0.5}
    assert check_weights("same colour", BLOCKS) == {"style": 0.6, "colour": 0.9}
    assert check_weights({"colour": 2}, BLOCKS) == {"style": 1.0, "colour": 2}
    for bad in ({"shape": 1.0}, {"style": -1.0}, {"style": 101.0}, {"style": float("nan")}):
        with pytest.raises(WeightsError):
            check_weights(bad, BLOCKS)
    with pytest.raises(WeightsError, match="all weights are zero"):
        check_weights({"style": 0.0, "colour": 0.0}, BLOCKS)


def test_weighted_dot_product_is_the_weighted_sum_of_cosines() -> None:
    rng = np.random.default_rng(0)

    def vector() -> np.ndarray:
        parts = [rng.normal(size=b.dim) for b in BLOCKS]
        return np.concatenate([p / np.linalg.norm(p) for p in parts]).astype(np.float32)

    a, b, weights = vector(), vector(), {"style": 0.3, "colour": 2.0}
    cosines = {name: part @ split_blocks(b, BLOCKS)[name] for name, part in split_blocks(a, BLOCKS).items()}
    assert weigh(a, BLOCKS, weights) @ b == pytest.approx(sum(weights[n] * c for n, c in cosines.items()), abs=1e-6)
    scaling = default_scaling(BLOCKS, weights)
    assert (a * scaling) @ (b * scaling) == pytest.approx(
        sum(weights[n] * c for n, c in cosines.items()) / sum(weights.values()), abs=1e-6
    )
    assert np.linalg.norm(a * scaling) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "weights", ["style=1", "", [("style", 1)], 5, {"style": "1"}, {"style": None}, {"style": True}, {"style": 1j}]
)
def test_weights_of_another_type_are_refused(weights: object) -> None:
    with pytest.raises(WeightsError):
        check_weights(weights, BLOCKS)


def test_numbers_of_numpy_become_floats() -> None:
    weights = check_weights({"style": np.float32(2), "colour": np.int64(3)}, BLOCKS)
    assert json.loads(json.dumps(weights)) == {"style": 2.0, "colour": 3.0}
