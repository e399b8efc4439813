"""The methods learn: pictures of products never seen in training find each other far better afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.lab.train import train
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = [pytest.mark.lab, pytest.mark.slow]

LIGHT = "augment={flip: true, zoom: 0.1, shift: 0.05, rotate: 0, brightness: 0, contrast: 0, saturation: 0}"
FAST = ["stages.*.rate={backbone: 1e-3, head: 1e-3}", "stages.*.patience=null"]
CASES = {
    "griddynamics-arcface": [
        *FAST,
        LIGHT,
        "stages.*.epochs=4",
        "stages.*.batch=20",
        "stages.*.frozen=0",
        "stages.1.unfreeze=null",
        "stages.*.losses.0.scale=16",
    ],
    "griddynamics-triplet": [
        *FAST,
        LIGHT,
        "stages.*.epochs=4",
        "stages.*.batch=40",
        "stages.*.frozen=0",
        "stages.1.unfreeze=null",
    ],
    "two-stream": ["stages.*.epochs=4", "stages.*.batch=16", "stages.*.rate={backbone: 1e-2, head: 1e-2}"],
    "center-loss": [LIGHT, "stages.*.epochs=6", "stages.*.batch=20"],
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_unseen_products_are_found(tmp_path: Path, name: str) -> None:
    manifest = draw_squares(tmp_path, products=40, val=12, street=3)
    overrides = [*SMALL, *CASES[name], "model.head.blocks.0.dim=32", "validation.k=5"]
    result = train(name, manifest, tmp_path / "run", overrides)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    start = next(line["val/map@5"] for line in lines if "val/map@5" in line)
    assert start < 0.3, f"from {start:.2f} to {result.score:.2f}"
    assert result.score > 0.5, f"from {start:.2f} to {result.score:.2f}"


def test_the_converter_learns_to_draw_the_product(tmp_path: Path) -> None:
    manifest = draw_squares(tmp_path, products=40, val=12, street=3)
    overrides = ["channels=16", "stages.0.epochs=10", "stages.0.batch=14", "stages.0.rate.head=5e-4"]
    result = train("converter", manifest, tmp_path / "run", overrides)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    start = next(line["val/difference"] for line in lines if "val/difference" in line)
    assert -result.score < 0.8 * start, f"from {start:.1f} to {-result.score:.1f} of 255"
