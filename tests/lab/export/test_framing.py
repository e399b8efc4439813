"""Framing heads on disk: weights, spec and card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from streetshop.core.errors import RunError
from streetshop.lab.export.framing import export_framing
from streetshop.lab.train import load_recipe
from streetshop.looks.framing import features_size
from streetshop.models.framing import ANSWERS, FramingHead
from streetshop.models.spec import InputSpec, ReaderSpec

pytestmark = pytest.mark.lab

READER = ReaderSpec(
    name="r",
    version="1",
    input=InputSpec(width=64, height=64),
    classes=("background", "top"),
    garments=("top",),
    features=3,
    files={"model.onnx": "a" * 64},
)


def test_a_head_on_disk_judges_as_its_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = load_recipe("view", ["rows=2", "columns=1"])
    net = nn.Linear(features_size(2, 1, 3), len(ANSWERS))
    bundle = export_framing(net, recipe, tmp_path / "bundle", reader=READER, pictures=7)
    head = FramingHead(bundle)
    assert (head.spec.reader, head.spec.rows, head.spec.columns, head.spec.channels) == ("a" * 64, 2, 1, 3)
    features = np.random.default_rng(0).normal(0, 1, features_size(2, 1, 3)).astype(np.float32)
    with torch.inference_mode():
        logits = net(torch.from_numpy(features)).numpy()
    powers = np.exp(logits[:5])
    found = head.judge(features)
    assert list(found.views.values()) == pytest.approx((powers / powers.sum()).tolist(), abs=1e-3)
    assert [found.eyes, found.ankles] == pytest.approx((1 / (1 + np.exp(-logits[5:]))).tolist(), abs=1e-3)
    report = json.loads((bundle / "report.json").read_text())
    assert report["kind"] == "framing"
    assert "7 parts of photos" in report["data"][0]["use"]
    assert "seed 2701" in report["data"][1]["use"]
    with pytest.raises(RunError, match="already exists"):
        export_framing(net, recipe, bundle, reader=READER, pictures=7)
