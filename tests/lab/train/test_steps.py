"""What a step leaves alone and what it draws: frozen statistics, dropout masks."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import row_picture
from streetshop.lab.export.embedding import export_embedding
from streetshop.lab.train import train
from streetshop.lab.train.trained import load_run
from streetshop.models import load_encoder
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = pytest.mark.lab

ONE = [*SMALL, "stages.*.epochs=1", "model.head.blocks.0.dim=8"]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_squares(tmp_path_factory.mktemp("squares"), products=8, val=2)


def test_frozen_batch_norms_stay_through_refreshes_of_nearest_negatives(manifest: Path, tmp_path: Path) -> None:
    """The miner encodes the gallery in evaluation mode before each chunk, in the midst of an epoch."""
    frozen = ["stages.*.frozen=2", "stages.*.sampler.refresh=1", "stages.*.batch=4"]
    train("two-stream", manifest, tmp_path / "run", [*ONE, *frozen])
    state = load_file(tmp_path / "run" / "last.safetensors")
    for stream in ("query", "gallery"):
        counts = {name: int(n) for name, n in state.items() if name.startswith(stream) and name.endswith("tracked")}
        held = {name for name in counts if ".layer1." in name or name.startswith(f"{stream}.backbone.network.bn1.")}
        assert held
        assert {counts[name] for name in held} == {0}, "no batch was tracked"
        assert all(counts[name] > 0 for name in counts if ".layer4." in name)
        means = [state[name.replace("num_batches_tracked", "running_mean")] for name in held]
        assert all(not mean.any() for mean in means)


class Masks:
    """What each dropout layer drops while a network trains; in evaluation mode it may drop nothing."""

    def __init__(self) -> None:
        self.found: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(module, nn.Dropout) or not module.p:
            return
        if not module.training:
            assert torch.equal(output, inputs[0]), "dropout at inference"
            return
        seen = inputs[0].detach() != 0
        self.found.append((seen, seen & (output.detach() == 0)))


def test_each_batch_has_its_own_dropout_mask_and_the_bundle_none(manifest: Path, tmp_path: Path) -> None:
    masks = Masks()
    overrides = [*ONE, "stages.*.batch=8", "stages.*.frozen=2", "stages.1.unfreeze.to=1", "model.head.dropout=0.5"]
    with register_module_forward_hook(masks):
        train("griddynamics-arcface", manifest, tmp_path / "run", [*overrides, "stages.*.epochs=2"])
        trained = load_run(tmp_path / "run", weights="last")
        rows = Manifest.read(manifest)
        vectors, _ = trained.encode(rows, cache=tmp_path / "cache")
    steps = json.loads((tmp_path / "run" / "run.json").read_text())["steps"]
    assert len(masks.found) == steps >= 12, "three stages of two epochs of two batches or more"
    for (seen, dropped), (others, other) in itertools.combinations(masks.found, 2):
        both = seen & others
        assert both.any()
        assert (dropped != other)[both].any(), "the same mask twice"
    share = sum(int(dropped.sum()) for _, dropped in masks.found) / sum(int(seen.sum()) for seen, _ in masks.found)
    assert share == pytest.approx(0.5, abs=0.05)
    tracked = load_file(tmp_path / "run" / "last.safetensors")["query.backbone.network.bn1.num_batches_tracked"]
    assert int(tracked) == 0, "the stem is frozen in all epochs"
    [folder] = export_embedding(tmp_path / "run", tmp_path / "bundle", weights="last", half=False)
    kinds = {node.op_type for node in onnx.load(str(folder / "model.onnx")).graph.node}
    assert not kinds & {"Dropout", "RandomUniform", "RandomUniformLike", "Bernoulli"}
    encoder = load_encoder(folder, threads=1)
    picture = row_picture(rows.row(0), encoder.spec)
    served = [encoder.encode([encoder.prepare(picture)])[0] for _ in range(2)]
    np.testing.assert_array_equal(served[0], served[1])
    np.testing.assert_allclose(served[0], vectors[0], atol=1e-4)
