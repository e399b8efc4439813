"""Examples and mistakes are those of the comparison."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.compare.examples import choose, examples, mistakes, pick
from streetshop.lab.compare.measure import Comparison
from streetshop.lab.data.manifest import Manifest

pytestmark = pytest.mark.lab


def test_frames_say_what_was_found(comparison: Comparison, manifest: Path) -> None:
    rows = Manifest.read(manifest)
    protocol = comparison.protocols[0]
    for example in examples(comparison, protocol, 4):
        asked = rows.row(example.row)
        assert asked.domain == "street"
        assert asked.split == "test"
        for found, hits in example.found.values():
            products = [rows.row(int(row)).product_id for row in found if row >= 0]
            assert len(products) == len(set(products)) == 5, "each product of the test split ranks once"
            assert [product == asked.product_id for product in products] == hits[: len(products)].tolist()


def test_examples_spread_from_easy_to_hard_over_categories(comparison: Comparison) -> None:
    protocol = comparison.protocols[0]
    chosen = choose(comparison, protocol, 3)
    ranks = [comparison.result(s.name, protocol.name).values["mrr"][chosen] for s in comparison.subjects]
    ease = np.mean(ranks, axis=0)
    assert len(set(chosen)) == 3
    assert (np.diff(ease) <= 0).all()
    assert ease[0] > ease[-1]
    assert sorted(choose(comparison, protocol, 99)) == list(range(10))
    assert pick([7, 8, 9], ["?"] * 7 + ["bar", "disc", "bar"], Counter({"disc": 1})) == 9, "not the disc in the middle"


def test_mistakes_are_those_of_the_first_answer(comparison: Comparison) -> None:
    protocol = comparison.protocols[0]
    table = mistakes(comparison, protocol)
    for subject, row in zip(comparison.subjects, table.rows, strict=True):
        right = comparison.result(subject.name, protocol.name).values["hit@1"].sum()
        assert row[1] == f"{10 - int(right)} of 10"
