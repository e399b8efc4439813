"""The untrained encoder: a backbone, mean pooling, and a linear projection."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from streetshop.lab.nets.backbones import build_backbone


class PooledEncoder(nn.Module):
    """EfficientNet-Lite0, mean pooling and a projection to ``dim`` numbers."""

    def __init__(self, dim: int, *, weights: str = "imagenet") -> None:
        super().__init__()
        self.backbone = build_backbone("efficientnet_lite0", weights=weights)
        self.projection = nn.Linear(self.backbone.channels, dim)

    def features(self, image: Tensor) -> Tensor:
        """(b, 3, h, w) scaled pixels to the mean-pooled features, (b, channels)."""
        return self.backbone(image).mean((2, 3))

    def forward(self, image: Tensor) -> Tensor:
        """(b, 3, h, w) scaled pixels to (b, dim)."""
        return self.projection(self.features(image))

    def project(self, weight: Tensor, bias: Tensor) -> None:
        """Set the projection: (dim, channels) and (dim,)."""
        with torch.no_grad():
            self.projection.weight.copy_(weight)
            self.projection.bias.copy_(bias)
