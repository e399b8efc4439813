"""Detectors train through the one engine: they resume to the bit, export, and serve as they were trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.export.run import export_run
from streetshop.lab.train import train
from streetshop.lab.train.tasks.detect import task as module
from streetshop.lab.train.trained import load_network
from streetshop.models.detector import DetectorNetwork
from streetshop.models.preprocessing import photo_input
from streetshop.models.session import start_session
from tests.lab.train.tasks.detect.drawn import manifest

pytestmark = pytest.mark.lab

COMMON = [
    "input.height=96",
    "input.width=64",
    "model.backbone=efficientnet_lite0",
    "model.weights=none",
    "stages.0.batch=4",
    "stages.0.epochs=2",
    "stages.0.frozen=0",
    "stages.0.schedule.kind=constant",
    "stages.0.schedule.warm_up=0",
]
KINDS = {
    "mask-rcnn": ["model.channels=16", "model.proposals=20", "model.samples=16", "stages.0.rate.head=0.005"],
    # As many queries as places: which of almost equal ones an untrained network takes, rounding would decide.
    "rt-detr": ["model.queries=126", "model.width=64", "model.layers=2", "model.denoising=4", "ema=0.5"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boxes")
    manifest(folder, {"train": 8, "val": 3, "test": 3}).write(folder / "m.parquet")
    return folder / "m.parquet"


@pytest.fixture(scope="module", params=list(KINDS))
def run(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each kind."""
    out = tmp_path_factory.mktemp("run") / request.param
    train(request.param, data, out, [*COMMON, *KINDS[request.param]], threads=1)
    return out


def test_a_run_that_dies_resumes_to_the_bit(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn, done = module.DetectorTask.learn, 0

    def dying(self: module.DetectorTask, *given: object) -> object:
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt
        return learn(self, *given)  # type: ignore[arg-type]

    options = [*COMMON, *KINDS[run.name]]
    with monkeypatch.context() as patch:
        patch.setattr(module.DetectorTask, "learn", dying)
        with pytest.raises(KeyboardInterrupt):
            train(run.name, data, tmp_path / "again", options, threads=1)
    train(run.name, data, tmp_path / "again", options, threads=1)
    wanted, found = (load_file(folder / "last.safetensors") for folder in (run, tmp_path / "again"))
    assert wanted.keys() == found.keys()
    assert [name for name in wanted if not torch.equal(wanted[name], found[name])] == []


def test_a_run_says_what_it_learned_from(run: Path) -> None:
    about = json.loads((run / "run.json").read_text())
    assert (about["train_pictures"], about["train_rows"], about["steps"]) == (8, 16, 4)
    assert about["score"] is not None
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any("val/ap50" in line for line in lines)


def test_the_bundle_finds_what_the_network_finds(run: Path, data: Path, tmp_path: Path) -> None:
    (folder,) = export_run(run, tmp_path / "bundle")
    served = DetectorNetwork(folder, threads=1)
    net = load_network(run, weights="best")
    photo = _photos(data)[0]
    tensor, _ = photo_input(photo, served.spec.input)
    with torch.inference_mode():
        boxes, scores, *_ = net(torch.from_numpy(tensor))
    found = start_session(folder / "model.onnx", 1).run(["boxes", "scores"], {"image": tensor})
    count = min(len(boxes), 3)
    assert abs(len(found[0]) - len(boxes)) <= 1
    order, other = np.argsort(-scores.numpy())[:count], np.argsort(-found[1])[:count]
    np.testing.assert_allclose(found[1][other], scores.numpy()[order], atol=0.02)
    assert served.spec.masks == (run.name == "mask-rcnn")
    assert set(served.spec.thresholds) <= set(served.spec.classes)
    card = (folder / "card.md").read_text()
    assert "keypoints" in card
    assert "8 pictures" in card
    with pytest.raises(RunError, match="already exists"):
        export_run(run, folder)


def _photos(data: Path) -> list[object]:
    from streetshop.lab.data.manifest import Manifest

    return [row.load_photo() for row in Manifest.read(data) if row.split == "val"]


def test_a_changed_manifest_is_not_calibrated_on(run: Path, data: Path, tmp_path: Path) -> None:
    kept = data.read_bytes()
    try:
        manifest(tmp_path / "other", {"train": 8, "val": 3}, seed=9).write(data)
        with pytest.raises(RunError, match="has changed"):
            export_run(run, tmp_path / "bundle")
    finally:
        data.write_bytes(kept)


def test_weights_and_devices_that_cannot_be_had(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="do not train on 'ddp'"):
        train("rt-detr", data, tmp_path / "run", device="ddp")
    with pytest.raises(UsageError, match="no such weights file"):
        train("rt-detr", data, tmp_path / "run", [*COMMON, "model.weights=gone.pt"], threads=1)


def test_the_published_settings() -> None:
    from streetshop.lab.train import load_recipe

    recipe = load_recipe("mask-rcnn")
    (stage,) = recipe.stages
    assert (recipe.model.backbone, stage.batch, stage.rate.head) == ("resnet101", 16, 0.03)
    assert (stage.optimiser.momentum, stage.optimiser.weight_decay) == (0.9, 0.0001)
    assert stage.schedule.factor == 0.1
    assert stage.epochs * 150_000 / 16 == pytest.approx(200_000, rel=0.04)
