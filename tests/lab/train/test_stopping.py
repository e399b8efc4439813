"""Stages that end before their last epoch, runs that fail, weights that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.export.embedding import export_embedding
from streetshop.lab.train import train
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = pytest.mark.lab

BASE = [*SMALL, "stages.0.batch=8", "model.head.blocks.0.dim=8", "model.head.blocks.0.batch_norm=false"]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_squares(tmp_path_factory.mktemp("squares"), products=8, val=2)


def _epochs(out: Path) -> list[int]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line["epoch"] for line in lines if "val/map@5" in line]


def test_a_stage_without_a_better_validation_ends_early_and_keeps_its_best(manifest: Path, tmp_path: Path) -> None:
    # Frozen whole and hardly learning: batch norm apart, nothing changes, so the first epoch stays the best.
    still = [
        "stages.0.rate={backbone: 1e-12, head: 1e-12}",
        "stages.0.frozen=5",
        "stages.0.epochs=9",
        "stages.0.patience=2",
    ]
    train("center-loss", manifest, tmp_path / "run", [*BASE, *still])
    assert _epochs(tmp_path / "run") == [0, 1, 2, 3], "the start, the best, and two that were no better"
    with safe_open(tmp_path / "run" / "best.safetensors", "pt") as file:
        best = int(file.metadata()["step"])
    with safe_open(tmp_path / "run" / "last.safetensors", "pt") as file:
        assert best * 3 == int(file.metadata()["step"])


def test_time_up_ends_a_run_which_then_counts_as_finished(manifest: Path, tmp_path: Path) -> None:
    overrides = [*BASE, "stages.0.epochs=50", "minutes=0.0001"]
    result = train("center-loss", manifest, tmp_path / "run", overrides)
    assert result.steps == 1
    assert _epochs(tmp_path / "run") == [0, 1]
    assert train("center-loss", manifest, tmp_path / "run", overrides).steps == 1


def test_processor_time_ends_each_stage_after_its_share(manifest: Path, tmp_path: Path) -> None:
    """Two stages of one epoch: each may spend half, counted on its own."""
    stages = ["stages.*.epochs=1", "stages.*.batch=2", "stages.*.sampler.refresh=1"]
    overrides = [*SMALL, "model.head.blocks.0.dim=8", *stages]
    whole = train("two-stream", manifest, tmp_path / "whole", overrides)
    train("two-stream", manifest, tmp_path / "cut", [*overrides, "cpu_minutes=0.00001"])
    about = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert about["steps"] == 2 < whole.steps
    assert about["pictures"] == 2 * 2 * 3
    assert 0 < about["cpu_seconds"] < json.loads((tmp_path / "whole" / "run.json").read_text())["cpu_seconds"]


def test_the_best_weights_of_a_run_that_parts_its_streams_hold_both(manifest: Path, tmp_path: Path) -> None:
    # The second stage learns nothing worth having: its weights are kept all the same, not the first stage's.
    ruin = [
        "stages.1.rate={backbone: 10, head: 10}",
        "stages.*.epochs=1",
        "stages.*.batch=4",
        "stages.*.sampler.refresh=4",
    ]
    train("two-stream", manifest, tmp_path / "run", [*SMALL, "model.head.blocks.0.dim=8", *ruin])
    with safe_open(tmp_path / "run" / "best.safetensors", "pt") as file:
        assert file.metadata()["streams"] == "two"
    [bundle] = export_embedding(tmp_path / "run", tmp_path / "bundle", half=False)
    assert sorted(path.name for path in bundle.glob("*.onnx")) == ["model-shop.onnx", "model.onnx"]


def test_groups_share_the_time_by_their_rows(manifest: Path, tmp_path: Path) -> None:
    groups = ["data.groups={squares: [square], rest: [disc, bar]}", "stages.*.epochs=1", "minutes=3", "cpu_minutes=6"]
    small = [*SMALL, "model.head.blocks.0.dim=8", "stages.0.batch=4", "stages.1.batch=8"]
    train("buy-me-that-look", manifest, tmp_path / "run", [*small, *groups])
    parts = [json.loads((tmp_path / "run/groups" / g / "run.json").read_text()) for g in ("squares", "rest")]
    budgets = [part["recipe_values"]["minutes"] for part in parts]
    assert sum(budgets) == pytest.approx(3)
    assert budgets[0] / budgets[1] == pytest.approx(parts[0]["rows"] / parts[1]["rows"])
    total = json.loads((tmp_path / "run" / "run.json").read_text())
    assert total["cpu_seconds"] == pytest.approx(sum(part["cpu_seconds"] for part in parts))


def test_a_diverging_run_says_where_and_what_to_do(manifest: Path, tmp_path: Path) -> None:
    wild = ["stages.0.optimiser.kind=sgd", "stages.0.rate={backbone: 1e30, head: 1e30}", "stages.0.epochs=3"]
    with pytest.raises(RunError, match=r"became (nan|inf).* at batch \d+") as caught:
        train("center-loss", manifest, tmp_path / "run", [*BASE, *wild])
    assert "Lower the stage's rate" in caught.value.hint


def test_bf16_trains_and_fp16_asks_for_a_gpu(manifest: Path, tmp_path: Path) -> None:
    result = train("center-loss", manifest, tmp_path / "bf16", [*BASE, "stages.0.epochs=1", "precision=bf16"])
    assert result.steps > 0
    with pytest.raises(UsageError, match="fp16 needs a GPU"):
        train("center-loss", manifest, tmp_path / "fp16", [*BASE, "stages.0.epochs=1", "precision=fp16"])


def test_without_validation_rows_the_last_weights_are_the_best(manifest: Path, tmp_path: Path) -> None:
    """No match for any query: the score is not a number, and nothing pretends otherwise."""
    alone = draw_squares(tmp_path, products=7, val=1, street=1, shop=0)
    overrides = [*BASE, "stages.0.epochs=2", "stages.0.losses.0.target=category", "stages.0.losses.1.target=category"]
    result = train("center-loss", alone, tmp_path / "run", overrides)
    assert result.score != result.score
    assert json.loads((tmp_path / "run" / "run.json").read_text())["score"] is None
    best, last = ((tmp_path / "run" / f"{name}.safetensors").read_bytes() for name in ("best", "last"))
    assert len(best) == len(last)
