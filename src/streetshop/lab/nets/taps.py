"""EfficientNet-Lite0 tapped at several depths: pooled features of a garment, from pixels and a mask."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.backbones import build_backbone
from streetshop.lab.nets.colours import COLOURS, SIDE, Colours
from streetshop.models.spec import InputSpec

INPUT: Final = InputSpec(width=224, height=224, fit="letterbox", mask_channel=True)
PARTS: Final = {"global": 1280, "garment": 1280, "texture": 2 * (24 + 40 + 112), "colours": COLOURS}
"""Numbers of each part of the features, in order."""
WIDTH: Final = sum(PARTS.values())
_LEVELS: Final = (1, 2, 4)
"""Backbone stages whose statistics describe texture: 24, 40 and 112 channels at a 4th, 8th and 16th of the input."""
_MIDDLE: Final = 4
"""The stage after which the lower part of the backbone, which always stays frozen, ends: 112 channels of 14 x 14."""


class Taps(nn.Module):
    """EfficientNet-Lite0 on (b, 4, h, w), scaled RGB and a mask from 0 to 1, to (b, :data:`WIDTH`) features.

    ``global``: mean of the last map. ``garment``: its mean weighted by the mask. ``texture``: mean and standard
    deviation of lower maps' channels over the mask, the statistics that distinguish textures without regard to
    place (Gatys et al. 2015, reduced to the diagonal). ``colours``: see :class:`Colours`.
    """

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        self.lower = Lower(weights=weights)
        self.upper = Upper(weights=weights)

    def forward(self, image: Tensor) -> Tensor:
        middle, fixed = self.lower(image)
        return torch.cat([self.upper(middle, image[:, 3:]), fixed], dim=1)


class Lower(nn.Module):
    """(b, 4, h, w) to the backbone's middle map, (b, 112, h/16, w/16), and the parts ``texture`` and ``colours``."""

    stem: nn.Module
    norm: nn.Module
    mean: Tensor
    std: Tensor

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        net: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.stem, self.norm = net.conv_stem, net.bn1
        self.blocks = nn.ModuleList(list(net.blocks)[: _MIDDLE + 1])
        self.colours = Colours()
        self.register_buffer("mean", torch.tensor(INPUT.mean)[:, None, None] / 255)
        self.register_buffer("std", torch.tensor(INPUT.std)[:, None, None] / 255)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        picture, mask = image[:, :3], image[:, 3:]
        x = self.norm(self.stem(picture))
        parts = []
        for level, block in enumerate(self.blocks):
            x = block(x)
            if level in _LEVELS:
                parts += _statistics(x, mask)
        small = torch.cat([picture * self.std + self.mean, mask], dim=1)
        parts.append(self.colours(functional.avg_pool2d(small, INPUT.height // SIDE)))
        return x, torch.cat(parts, dim=1)


class Upper(nn.Module):
    """The backbone above its middle: the parts ``global`` and ``garment`` of a middle map and the mask it came with."""

    head: nn.Module
    norm: nn.Module

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        net: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.blocks = nn.ModuleList(list(net.blocks)[_MIDDLE + 1 :])
        self.head, self.norm = net.conv_head, net.bn2

    def forward(self, middle: Tensor, mask: Tensor) -> Tensor:
        x = middle
        for block in self.blocks:
            x = block(x)
        x = self.norm(self.head(x))
        return torch.cat([x.mean((2, 3)), _weighted(x, mask)[0]], dim=1)


class Extractor(nn.Module):
    """Everything that is kept of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.lower, self.upper = Lower(), Upper()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        middle, fixed = self.lower(image)
        cover = functional.avg_pool2d(image[:, 3:], INPUT.height // 14)
        return torch.cat([self.upper(middle, image[:, 3:]), fixed], dim=1), middle, cover


def _weighted(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (b, c) of a map over the mask, and the weights, (b, 1, h, w) of mean 1. An empty mask counts as full."""
    small = functional.avg_pool2d(mask, mask.shape[2] // x.shape[2]) + 1e-4
    # Pooled, not summed: a sum over a single channel is added up in another order when the batch is a single picture.
    weight = small / functional.adaptive_avg_pool2d(small, 1)
    return (x * weight).mean((2, 3)), weight


def _statistics(x: Tensor, mask: Tensor) -> list[Tensor]:
    mean, weight = _weighted(x, mask)
    spread = ((x - mean[:, :, None, None]) ** 2 * weight).mean((2, 3))
    return [mean, (spread + 1e-6).sqrt()]
