"""Every fuzz target takes its seeds and damaged copies of them."""

from __future__ import annotations

import random

import pytest

from tests.feeds.mutated import mutated
from tests.fuzz.targets import TARGETS, run, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds_and_damaged_ones(name: str) -> None:
    for seed in seeds(name):
        run(name, seed)
        for number in range(5):
            run(name, mutated(seed, number))
    run(name, b"")
    run(name, random.Random(0).randbytes(200))


@pytest.mark.parametrize("name", ["photo", "csv", "jsonl", "json", "filter", "weights", "box"])
def test_seeds_are_valid(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)
