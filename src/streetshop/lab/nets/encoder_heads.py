"""The default encoder: a layer or two for each block on pooled features of the backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.components import principal_components
from streetshop.lab.nets.taps import PARTS, WIDTH, Taps

_EXAMPLES: Final = 20_000
"""Components are fitted on about so many views at most."""


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


class DefaultEncoder(nn.Module):
    """Backbone and heads: (b, 4, h, w), scaled RGB and a mask, to unit blocks.

    The heads' layers run as convolutions of one pixel: unlike matrix products, whose order of summation depends on the
    batch, they give a picture the same bits whatever is beside it.
    """

    def __init__(self, taps: Taps, heads: Heads) -> None:
        super().__init__()
        self.taps = taps
        self.heads = heads

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """A (b, dim) tensor for each block, in the heads' order."""
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


def start_from_components(layer: nn.Linear, settled: Tensor, *, whiten: float = 0.0) -> None:
    """Let a layer begin as the first principal components of its (n, width) input.

    Args:
        layer: its outputs are the components.
        settled: examples.
        whiten: each component is divided by its standard deviation to this power: 0 leaves them as they are, 1 gives
            all of them one spread.
    """
    examples = settled[:: -(-len(settled) // _EXAMPLES)]
    projection, offset = principal_components(examples.numpy(), layer.out_features, whiten)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(projection))
        layer.bias.copy_(torch.from_numpy(offset))
