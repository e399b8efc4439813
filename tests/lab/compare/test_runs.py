"""Facts of a run: its cost, its curves, and its differences from the shipped recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.lab.compare.runs import read_facts

pytestmark = pytest.mark.lab


def test_facts_are_those_of_the_runs_files(runs: list[Path]) -> None:
    facts = read_facts(runs[0])
    about = json.loads((runs[0] / "run.json").read_text())
    assert (facts.fingerprint, facts.steps, facts.pictures) == (about["fingerprint"], about["steps"], about["pictures"])
    assert facts.score == about["score"]
    assert facts.score_name == f"MAP@{facts.recipe.validation.k}"
    (curve,) = facts.curves
    lines = [json.loads(line) for line in (runs[0] / "metrics.jsonl").read_text().splitlines()]
    assert len(curve.loss) == sum("loss/total" in line for line in lines)
    seconds = [x for x, _ in curve.validation]
    assert seconds == sorted(seconds)


def test_changes_name_each_value_that_differs_from_the_shipped_recipe(runs: list[Path]) -> None:
    changes = read_facts(runs[1]).changes
    assert changes is not None
    assert "model.head.normalise: true → false" in changes
    assert not any(change.startswith("seed") for change in changes)
