"""Trained heads to a bundle that the serving side loads."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.lab.nets.encoder_heads import Heads
from streetshop.lab.nets.onnx_files import store_halved
from streetshop.lab.nets.taps import INPUT, Taps, export_onnx
from streetshop.lab.train.tasks.encoder.recipe import EncoderRecipe
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.session import start_session
from streetshop.models.spec import BlockSpec, EncoderSpec

MODEL = "model.onnx"
HALF_COSINE = 0.999
"""How near, by cosine, every block must stay to the network's once its weights are stored in half precision."""


class _Network(nn.Module):
    """Backbone and heads: (b, 4, h, w) to unit blocks.

    The heads' layers run as convolutions of one pixel: unlike matrix products, whose order of adding depends on the
    batch, they give a picture the same bits whatever is beside it.
    """

    def __init__(self, taps: Taps, heads: Heads) -> None:
        super().__init__()
        self.taps = taps
        self.heads = heads

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        settled = self.heads.settled(self.taps(image))[:, :, None, None]
        blocks = []
        for name, layer in self.heads.layers.items():
            x = self.heads.chosen(name, settled)
            for step in [layer] if isinstance(layer, nn.Linear) else cast(nn.Sequential, layer):
                x = (
                    functional.conv2d(x, step.weight[:, :, None, None], step.bias)
                    if isinstance(step, nn.Linear)
                    else step(x)
                )
            blocks.append(x.flatten(1))
        return tuple(functional.normalize(block, dim=1) for block in blocks)


def export(taps: Taps, heads: Heads, recipe: EncoderRecipe, out: Path) -> Path:
    """Write ``model.onnx`` and ``bundle.json``. Raises :class:`RunError` when the file disagrees with the network."""
    out.mkdir(parents=True, exist_ok=True)
    network = _Network(taps, heads).eval()
    names = list(recipe.blocks)
    path = out / MODEL
    export_onnx(network, path, names)
    store_halved(path)
    probe = _probe()
    with torch.inference_mode():
        wanted = [value.numpy() for value in network(torch.from_numpy(probe))]
    found = start_session(path, 1).run(names, {"image": probe})
    worst = min(float((a * b).sum(1).min()) for a, b in zip(wanted, found, strict=True))
    if worst < HALF_COSINE:
        raise RunError(f"the exported network differs from the trained one: a cosine of {worst:.4f}", where=str(path))
    write_spec(out, _spec(recipe, {MODEL: file_sha256(path)}))
    return out


def _spec(recipe: EncoderRecipe, files: dict[str, str]) -> EncoderSpec:
    blocks = tuple(BlockSpec(name=n, dim=t.dim, weight=t.weight) for n, t in recipe.blocks.items())
    return EncoderSpec(
        name=recipe.name,
        version=recipe.version,
        input=INPUT,
        blocks=blocks,
        cut="box",
        files=files,
        about="Style, colour, shape and pattern of a garment, from freely licensed photographs.",
    )


def _probe() -> NDArray[np.float32]:
    """(4, 4, h, w) coloured noise at several scales, half of it with a mask."""
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.normal(0, 0.5, (4, 3, 7, 7)), np.ones((1, 1, 32, 32)))
    pixels = np.clip(coarse + rng.normal(0, 0.2, (4, 3, INPUT.height, INPUT.width)), -1, 1)
    mask = np.ones((4, 1, INPUT.height, INPUT.width))
    mask[2:, :, :60] = 0
    return np.concatenate([pixels, mask], axis=1).astype(np.float32)
