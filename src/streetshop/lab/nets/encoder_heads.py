"""The heads: a layer or two for each block on the backbone's features, and what teaches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.taps import PARTS, WIDTH


class Heads(nn.Module):
    """(b, WIDTH) features to unit blocks.

    Features are means of activations that are rarely large: their signed square root is taken (Perronnin et al. 2010
    do so for histograms of visual words), then each is centred, and each part is brought to unit variance as a whole.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, dims: Mapping[str, int], parts: Mapping[str, Sequence[str]], hidden: Mapping[str, int] | None = None
    ) -> None:
        """``hidden``: blocks with a layer of so many rectified numbers in between; the others are linear."""
        super().__init__()
        self.parts = {name: tuple(parts[name]) for name in dims}
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("scale", torch.ones(WIDTH))
        between = {name: (hidden or {}).get(name, 0) for name in dims}
        self.layers = nn.ModuleDict({n: _layer(width(parts[n]), between[n], dim) for n, dim in dims.items()})

    def settle(self, values: Tensor) -> None:
        """Take the features' mean and the parts' scale from examples (n, WIDTH)."""
        rooted = signed_root(values)
        self.mean.copy_(rooted.mean(0))
        for part in PARTS:
            place = span(part)
            self.scale[place] = 1 / (rooted[:, place] - self.mean[place]).norm(dim=1).mean()

    def settled(self, values: Tensor) -> Tensor:
        """(b, WIDTH) centred and scaled."""
        return (signed_root(values) - self.mean) * self.scale

    def block(self, name: str, settled: Tensor) -> Tensor:
        """(b, dim) of unit length, from settled features."""
        return functional.normalize(self.layers[name](self.chosen(name, settled)), dim=1)

    def chosen(self, name: str, settled: Tensor) -> Tensor:
        """What a block sees of settled features."""
        return torch.cat([settled[:, span(part)] for part in self.parts[name]], dim=1)

    def forward(self, values: Tensor) -> tuple[Tensor, ...]:
        settled = self.settled(values)
        return tuple(self.block(name, settled) for name in self.layers)


def _layer(inputs: int, hidden: int, outputs: int) -> nn.Module:
    if not hidden:
        return nn.Linear(inputs, outputs)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def signed_root(values: Tensor) -> Tensor:
    """Square root of the size, sign kept; the small constant keeps ONNX and half precision from trouble at 0."""
    return values.sign() * (values.abs() + 1e-6).sqrt()


def span(part: str) -> slice:
    """Where a part of the features is."""
    names = list(PARTS)
    start = sum(PARTS[name] for name in names[: names.index(part)])
    return slice(start, start + PARTS[part])


def width(parts: Sequence[str]) -> int:
    """Numbers of several parts."""
    return sum(PARTS[part] for part in parts)


def start_from_components(layer: nn.Linear, settled: Tensor) -> None:
    """Let a layer begin as the first principal components of its (n, width) input."""
    values = settled[:: max(len(settled) // 6000, 1)]
    mean = values.mean(0)
    _, _, vectors = torch.pca_lowrank(values - mean, layer.out_features + 16, center=False)
    with torch.no_grad():
        layer.weight.copy_(vectors[:, : layer.out_features].T)
        layer.bias.copy_(-layer.weight @ mean)


def supervised_contrast(
    vectors: Tensor, labels: Tensor, groups: Tensor, temperature: float, sources: Tensor | None = None
) -> Tensor:
    """SupCon (Khosla et al. 2020, L_out): every picture is drawn to those of its label.

    Pictures of one group (one sender, one photo) are neither drawn together nor kept apart, so that a room's light is
    no clue; with ``sources``, pictures of two sources with different labels are passed over, since two vocabularies may
    name one thing. A label below 0 is unknown: its picture is left out.
    """
    if (labels < 0).any():
        known = labels >= 0
        vectors, labels, groups = vectors[known], labels[known], groups[known]
        sources = None if sources is None else sources[known]
    logits = vectors @ vectors.T / temperature
    same = labels[:, None] == labels[None]
    counted = groups[:, None] != groups[None]
    if sources is not None:
        counted &= same | (sources[:, None] == sources[None])
    positive = same & counted
    logits = logits.masked_fill(~counted, -1e4)
    chance = logits - logits.logsumexp(1, keepdim=True)
    known = positive.any(1)
    if not known.any():
        return logits.sum() * 0
    return -(torch.where(positive, chance, 0.0).sum(1)[known] / positive.sum(1)[known]).mean()


def keep_relations(vectors: Tensor, reference: Tensor) -> Tensor:
    """Mean squared difference of the cosines within a batch from those of reference vectors (Park et al. 2019,
    relational distillation): what the backbone knew of things that nobody labelled here is kept.
    """
    return functional.mse_loss(vectors @ vectors.T, reference @ reference.T)


def as_codes(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each distinct name; -1 for ``""``."""
    known = {name: i for i, name in enumerate(sorted({n for n in names if n}))}
    return np.asarray([known.get(name, -1) for name in names], np.int64)
