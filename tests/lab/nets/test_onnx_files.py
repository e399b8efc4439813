"""Edits of ONNX files, against the unedited ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.onnx_files import fold_pads, store_halved

pytestmark = pytest.mark.lab


class Padded(nn.Module):
    def __init__(self, pads: tuple[int, ...], value: float = 0.0, mode: str = "constant") -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 20, 3, stride=2)
        self.second = nn.Conv2d(20, 4, 5, stride=2, padding=1)
        self.pads, self.value, self.mode = pads, value, mode

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(functional.pad(x, self.pads, self.mode, self.value))
        return self.second(functional.pad(x, (1, 2, 0, 1)))


def written(model: nn.Module, path: Path) -> Path:
    torch.manual_seed(0)
    torch.onnx.export(model.eval(), (torch.ones(1, 2, 32, 24),), str(path), input_names=["x"], dynamo=False)
    return path


def run(path: Path) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (values,) = session.run(None, {"x": np.random.default_rng(0).normal(size=(1, 2, 32, 24)).astype(np.float32)})
    return values


def kinds(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(str(path)).graph.node]


def test_pads_become_part_of_their_convolutions(tmp_path: Path) -> None:
    path = written(Padded((0, 1, 2, 3)), tmp_path / "m.onnx")
    before = run(path)
    assert fold_pads(path) == 2
    assert "Pad" not in kinds(path)
    assert np.allclose(run(path), before, atol=1e-5)


@pytest.mark.parametrize(("value", "mode"), [(0.5, "constant"), (0.0, "reflect")])
def test_other_pads_stay(tmp_path: Path, value: float, mode: str) -> None:
    path = written(Padded((1, 1, 1, 1), value, mode), tmp_path / "m.onnx")
    before = run(path)
    assert fold_pads(path) == 1
    assert kinds(path).count("Pad") == 1
    assert np.allclose(run(path), before, atol=1e-5)


def test_halved_weights_are_widened_when_loaded(tmp_path: Path) -> None:
    path = written(Padded((1, 1, 1, 1)), tmp_path / "m.onnx")
    before, size = run(path), path.stat().st_size
    store_halved(path)
    assert path.stat().st_size < 0.75 * size
    assert np.allclose(run(path), before, atol=5e-3)
    assert not np.array_equal(run(path), before)
