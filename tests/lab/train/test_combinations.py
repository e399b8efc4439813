"""Every pair of options of an embedding recipe trains together at least once: few small runs cover all pairs."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.train import train
from streetshop.lab.train.trained import load_run
from tests.lab.train.squares import draw_squares

pytestmark = pytest.mark.lab

STYLE = {"name": "style", "dim": 8}
BLOCKS = {"kind": "blocks"}
TRIPLETS: dict[str, Any] = {"kind": "triplets", "refresh": 1}
OPTIONS: dict[str, dict[str, Any]] = {
    "sampler": {
        "plain": {"kind": "plain"},
        "products across": {"kind": "products", "pictures": 2, "cross": True},
        "random triplets": {**TRIPLETS, "within_category": True},
        "nearest across": {**TRIPLETS, "negatives": "nearest", "k": 3, "cross": True},
    },
    "loss": {
        "triplet": {"kind": "triplet", "distance": "cosine"},
        "weighted": {"kind": "weighted_triplet"},
        "entropy": {"kind": "cross_entropy", "target": "category", "on": "features", "smoothing": 0.1},
        "arcface": {"kind": "arcface", "target": "product"},
        "center": {"kind": "center", "target": "attributes.colour"},
    },
    "head": {
        "unit": {**BLOCKS, "blocks": [STYLE], "dropout": 0.5},
        "loose": {**BLOCKS, "blocks": [STYLE | {"pooling": "max", "batch_norm": True}], "normalise": False},
        "blocks and colours": {
            **BLOCKS,
            "blocks": [
                STYLE | {"pooling": "gem"},
                {"name": "shape", "weight": 0.5},
                {"name": "colour", "source": "cielab"},
            ],
        },
        "attention": {"kind": "attention", "target": "attributes.tags", "steps": 2, "size": 4, "hidden": 8},
    },
    "streams": {"one": "one", "two": "two"},
    "frozen": {"nothing": {}, "layers": {"frozen": 2, "unfreeze": {"to": 1}}},
    "optimiser": {
        "sgd": {"kind": "sgd", "clip": 1.0},
        "adam": {"kind": "adam"},
        "adamw": {"kind": "adamw", "weight_decay": 0.05, "clip": 1.0},
    },
    "schedule": {
        "constant": {},
        "step": {"kind": "step", "unit": "batch", "warm_up": 2},
        "cosine": {"kind": "cosine"},
    },
    "ema": {"none": None, "average": 0.9},
    "precision": {"fp32": "fp32", "bf16": "bf16"},
    "input": {
        "box": {},
        "mask": {"cut": "mask", "fit": "stretch"},
        "soft": {"cut": "soft", "margin": 0.3, "background": [0, 0, 0]},
    },
    "augment": {"usual": {}, "much": {"hue": 0.1, "erase": 0.5, "blur": 0.5, "street_only": True}},
    "validation": {"cosine": {}, "euclidean": {"distance": "euclidean", "by_category": True, "cross": False}},
}


def allowed(choice: Mapping[str, str]) -> bool:
    """Two streams need a sampler that draws from both."""
    return choice.get("streams") != "two" or choice.get("sampler", "across").endswith("across")


def pairs(choice: Mapping[str, str]) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    """All pairs of options in it."""
    return set(itertools.combinations(choice.items(), 2))


def covering() -> list[dict[str, str]]:
    """Choices that hold every allowed pair of options, made greedily."""
    every = [[(name, value) for value in values] for name, values in OPTIONS.items()]
    left = {
        pair
        for one, two in itertools.combinations(every, 2)
        for pair in itertools.product(one, two)
        if allowed(dict(pair))
    }
    found = []
    while left:
        first, second = min(left)
        choice = dict([first, second])
        for name, values in OPTIONS.items():
            if name in choice:
                continue
            tried = [
                {key: {**choice, name: value}[key] for key in OPTIONS if key in {**choice, name: 0}} for value in values
            ]
            choice = max(filter(allowed, tried), key=lambda one: len(pairs(one) & left))
        choice = {name: choice[name] for name in OPTIONS}
        left -= pairs(choice)
        found.append(choice)
    return found


CHOICES = covering()


def recipe_of(choice: Mapping[str, str]) -> dict[str, Any]:
    """The recipe's values."""
    chosen = {name: OPTIONS[name][value] for name, value in choice.items()}
    sampler, miner = chosen["sampler"], None
    if choice["loss"] in ("triplet", "weighted"):
        miner = {"kind": "given"} if sampler["kind"] == "triplets" else {"kind": "batch_hard"}
        miner["cross"] = sampler.get("cross", False)
    stage = {
        **{"name": "only", "epochs": 2, "batch": 8, "rate": {"head": 1e-3, "backbone": 1e-4}},
        **{"losses": [chosen["loss"]], "sampler": sampler, "miner": miner, "streams": chosen["streams"]},
        **{"optimiser": chosen["optimiser"], "schedule": chosen["schedule"], **chosen["frozen"]},
    }
    return {
        **{"name": "combination", "ema": chosen["ema"], "precision": chosen["precision"]},
        **{"input": {"height": 32, "width": 32, **chosen["input"]}, "augment": chosen["augment"]},
        "model": {"backbone": {"name": "test_resnet", "weights": "none"}, "head": chosen["head"]},
        **{"stages": [stage], "validation": chosen["validation"]},
    }


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_squares(tmp_path_factory.mktemp("squares"), products=6, val=2)


def test_the_choices_hold_every_pair() -> None:
    seen = set().union(*map(pairs, CHOICES))
    for (one, ones), (two, others) in itertools.combinations(OPTIONS.items(), 2):
        for pair in itertools.product(ones, others):
            wanted = {one: pair[0], two: pair[1]}
            assert (tuple(wanted.items()) in seen) == allowed(wanted), wanted


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: ", ".join(list(choice.values())[:4]))
def test_options_train_together(choice: dict[str, str], manifest: Path, tmp_path: Path) -> None:
    file, cache = tmp_path / "recipe.yaml", manifest.parent / "cache"
    file.write_text(yaml.safe_dump(recipe_of(choice)))
    result = train(str(file), manifest, tmp_path / "run", cache=cache)
    assert result.steps >= 2
    assert math.isfinite(result.score)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert any(key.startswith("loss/") for line in lines for key in line)
    state = load_file(tmp_path / "run" / "last.safetensors")
    assert all(torch.isfinite(value).all() for value in state.values())
    rows = Manifest.read(manifest)
    vectors, usable = load_run(tmp_path / "run", weights="last").encode(rows, cache=cache)
    assert usable.all()
    assert np.isfinite(vectors).all()
    assert len(np.unique(vectors.round(6), axis=0)) > len(rows) // 2, "not all alike"
