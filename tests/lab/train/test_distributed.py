"""Several processes with gloo on the CPU: the same run as one process, shared out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core.devices import Place, run_on
from streetshop.lab.train import train
from tests.lab.train.squares import draw_squares

pytestmark = [pytest.mark.lab, pytest.mark.slow]

# A backbone without batch norm (its statistics are each process's own), no dropout, no augmentation, plain SGD: then
# the mean of two halves' gradients is the whole batch's gradient.
OVERRIDES = [
    "input.height=32",
    "input.width=32",
    "model.backbone.name=test_vit",
    "model.backbone.weights=none",
    "model.head.blocks.0.dim=8",
    "stages.*.epochs=2",
    "stages.*.optimiser.kind=sgd",
    "stages.*.optimiser.momentum=0",
    "stages.*.rate={backbone: 0.02, head: 0.02}",
    "stages.*.optimiser.weight_decay=0",
    "augment={flip: false, zoom: 0, shift: 0, rotate: 0, brightness: 0, contrast: 0, saturation: 0}",
]


def _log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        # Unfreezeing between the epochs: the wrapped module changes what it synchronises.
        ("griddynamics-arcface", ["stages.*.batch=8", "stages.*.frozen=2", "stages.1.unfreeze.to=1"]),
        ("center-loss", ["stages.*.batch=8", "model.head.blocks.0.batch_norm=false"]),
        # Negatives are found by encoding a pool, which the processes share out; then the streams part.
        ("two-stream", ["stages.*.batch=4", "stages.*.sampler.refresh=2"]),
    ],
)
def test_two_processes_end_where_one_does(tmp_path: Path, name: str, extra: list[str]) -> None:
    manifest = draw_squares(tmp_path, products=8, val=2)
    train(name, manifest, tmp_path / "one", [*OVERRIDES, *extra])
    result = train(name, manifest, tmp_path / "two", [*OVERRIDES, *extra], device="ddp", processes=2)
    one, two = (load_file(tmp_path / run / "last.safetensors") for run in ("one", "two"))
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-3, atol=1e-4, msg=lambda m, key=key: f"{key}: {m}")
    assert json.loads((tmp_path / "two" / "run.json").read_text())["processes"] == 2
    assert result.steps == json.loads((tmp_path / "one" / "run.json").read_text())["steps"]
    assert [line["step"] for line in _log(tmp_path / "one")] == [line["step"] for line in _log(tmp_path / "two")]


def test_the_converter_trains_in_two_processes(tmp_path: Path) -> None:
    manifest = draw_squares(tmp_path, products=8, val=2)
    overrides = ["channels=4", "stages.0.epochs=1", "stages.0.batch=4"]
    result = train("converter", manifest, tmp_path / "run", overrides, device="ddp", processes=2)
    assert result.steps > 0


def test_an_error_in_a_process_is_one_error_here(tmp_path: Path) -> None:
    manifest = draw_squares(tmp_path, products=8, val=2)
    with pytest.raises(RunError, match="cannot be shared evenly by 2 processes"):
        train(
            "center-loss",
            manifest,
            tmp_path / "run",
            [*OVERRIDES, "stages.0.batch=5"],
            device="ddp",
            processes=2,
        )


def test_unknown_devices() -> None:
    with pytest.raises(UsageError, match="'tpu' is unknown"):
        run_on("tpu", None, print)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no CUDA device"):
            run_on("cuda", None, print)


def test_one_process_shares_with_nobody() -> None:
    place = Place(torch.device("cpu"))
    assert place.first
    assert place.share(3.5) == 3.5
    assert place.gather_rows(torch.eye(2), 2).tolist() == torch.eye(2).tolist()
