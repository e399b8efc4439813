"""Backbones of detectors: maps of strides 4, 8, 16 and 32."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor, nn

from streetshop.lab.nets.backbones import build_backbone

_TAPS: Final = (1, 2, 4, 6)
"""Blocks of EfficientNet-Lite0 after which strides 4, 8, 16 and 32 are read off."""


class LiteLevels(nn.Module):
    """EfficientNet-Lite0 as five levels; ``channels`` of the last four, whose maps it returns."""

    def __init__(self, weights: str) -> None:
        super().__init__()
        network: Any = build_backbone("efficientnet_lite0", weights=weights).network
        self.stem = nn.Sequential(network.conv_stem, network.bn1, network.blocks[0])
        starts = (1, *(tap + 1 for tap in _TAPS[:-1]))
        self.stages = nn.ModuleList(
            nn.Sequential(*(network.blocks[i] for i in range(start, tap + 1)))
            for start, tap in zip(starts, _TAPS, strict=True)
        )
        self.channels = [network.blocks[tap][-1].conv_pwl.out_channels for tap in _TAPS]

    def forward(self, x: Tensor) -> list[Tensor]:
        """(b, 3, h, w) to the maps of strides 4, 8, 16 and 32."""
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def levels(self) -> list[nn.Module]:
        """Bottom first."""
        return [self.stem, *self.stages]
