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
PARTS: Final = {
    "global": 1280,
    "garment": 1280,
    "plain": 2 * (112 + 320),
    "texture": 2 * (24 + 40 + 112),
    "colours": COLOURS,
}
"""Numbers of each part of the features, in order."""
WIDTH: Final = sum(PARTS.values())
_TEXTURE: Final = (1, 2, 4)
"""Backbone stages whose statistics over the mask describe texture: 24, 40 and 112 channels at a 4th, 8th and 16th."""
_PLAIN: Final = (4, 6)
"""Backbone stages whose statistics over the whole input are kept: 112 and 320 channels at a 16th and a 32nd."""


class Taps(nn.Module):
    """EfficientNet-Lite0 on (b, 4, h, w), scaled RGB and a mask from 0 to 1, to (b, :data:`WIDTH`) features.

    ``global``: mean of the last map. ``garment``: its mean weighted by the mask. ``plain``: mean and standard deviation
    of the channels of two lower maps, without regard to the mask. ``texture``: the same of three lower maps, over the
    mask; such statistics distinguish textures without regard to place (Gatys et al. 2015, reduced to the diagonal).
    ``colours``: see :class:`Colours`.
    """

    stem: nn.Module
    norm: nn.Module
    head: nn.Module
    head_norm: nn.Module
    mean: Tensor
    std: Tensor

    def __init__(self, *, weights: str = "imagenet") -> None:
        super().__init__()
        net: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.stem, self.norm = net.conv_stem, net.bn1
        self.blocks = nn.ModuleList(net.blocks)
        self.head, self.head_norm = net.conv_head, net.bn2
        self.colours = Colours()
        self.register_buffer("mean", torch.tensor(INPUT.mean)[:, None, None] / 255)
        self.register_buffer("std", torch.tensor(INPUT.std)[:, None, None] / 255)

    def forward(self, image: Tensor) -> Tensor:
        picture, mask = image[:, :3], image[:, 3:]
        x = self.norm(self.stem(picture))
        plain, texture = [], []
        for level, block in enumerate(self.blocks):
            x = block(x)
            if level in _PLAIN:
                plain += _statistics(x)
            if level in _TEXTURE:
                texture += _statistics(x, _weight(x, mask))
        x = self.head_norm(self.head(x))
        pooled = [x.mean((2, 3)), (x * _weight(x, mask)).mean((2, 3))]
        small = torch.cat([picture * self.std + self.mean, mask], dim=1)
        counts = self.colours(functional.avg_pool2d(small, INPUT.height // SIDE))
        return torch.cat([*pooled, *plain, *texture, counts], dim=1)


def _weight(x: Tensor, mask: Tensor) -> Tensor:
    """The mask as weights of the places of a map, (b, 1, h, w) of mean 1. An empty mask counts as full."""
    small = functional.avg_pool2d(mask, mask.shape[2] // x.shape[2]) + 1e-4
    # Pooled, not summed: a sum over a single channel is added up in another order when the batch is a single picture.
    return small / functional.adaptive_avg_pool2d(small, 1)


def _statistics(x: Tensor, weight: Tensor | float = 1.0) -> list[Tensor]:
    """Mean and standard deviation of each channel, (b, c) each."""
    mean = (x * weight).mean((2, 3))
    spread = ((x - mean[:, :, None, None]) ** 2 * weight).mean((2, 3))
    return [mean, (spread + 1e-6).sqrt()]
