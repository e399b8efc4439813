"""Method 3's two networks for persons: a classifier of views, and a pose network."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.lab.nets.backbones import Backbone, build_backbone

POSE_STRIDE = 32
"""Input pixels per pixel of the map that the pose network starts from."""


class _OnBackbone(nn.Module):
    """Scales pixels as its backbone wants them."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.register_buffer("mean", torch.tensor(backbone.scale.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(backbone.scale.std).view(1, 3, 1, 1), persistent=False)

    def map_of(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) pixels from 0 to 255 to the backbone's map."""
        return self.backbone((pixels - self.mean) / self.std)


class ViewClassifier(_OnBackbone):
    """A backbone, mean pooling and a linear layer (method 3, section 4.1, has ResNet-18)."""

    def __init__(
        self, backbone: str, classes: int, *, weights: str = "none", size: tuple[int, int] = (224, 224)
    ) -> None:
        super().__init__(build_backbone(backbone, weights=weights, size=size))
        self.classes = nn.Linear(self.backbone.channels, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) pixels from 0 to 255 to logits (b, classes)."""
        return self.classes(self.map_of(pixels).mean((2, 3)))


class PoseNet(_OnBackbone):
    """A backbone, some transposed convolutions and a convolution of one pixel (Xiao, Wu and Wei 2018, section 2)."""

    def __init__(
        self,
        backbone: str,
        *,
        layers: int = 3,
        channels: int = 256,
        weights: str = "none",
        size: tuple[int, int] = (256, 192),
    ) -> None:
        super().__init__(build_backbone(backbone, weights=weights, size=size))
        parts: list[nn.Module] = []
        inputs = self.backbone.channels
        for _ in range(layers):
            up = nn.ConvTranspose2d(inputs, channels, 4, stride=2, padding=1, bias=False)
            nn.init.normal_(up.weight, std=0.001)
            parts += [up, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            inputs = channels
        last = nn.Conv2d(inputs, len(COCO_KEYPOINTS), 1)
        nn.init.normal_(last.weight, std=0.001)
        nn.init.zeros_(cast(Tensor, last.bias))
        self.heatmaps = nn.Sequential(*parts, last)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) pixels from 0 to 255 to heatmaps (b, 17, h', w')."""
        return self.heatmaps(self.map_of(pixels))
