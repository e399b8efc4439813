"""Pooling of a feature map to one vector: average, maximum, generalised mean."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

PoolingName = Literal["avg", "max", "gem"]


class AveragePooling(nn.Module):
    """(b, c, h, w) to (b, c): the mean over all positions."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


class MaxPooling(nn.Module):
    """(b, c, h, w) to (b, c): the maximum over all positions (method 2)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=(2, 3))


class GeMPooling(nn.Module):
    """(b, c, h, w) to (b, c): the generalised mean ``mean(x^p)^(1/p)`` with a learned ``p`` (Radenović et al. 2018).

    ``p = 1`` is the average, ``p -> inf`` the maximum. Values below ``eps`` count as ``eps``: the mean of powers is
    defined for positive values only.
    """

    def __init__(self, p: float = 3.0, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(float(p)))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        # fp16 overflows at the third power of 40, so the powers are taken in fp32.
        with torch.autocast(device_type=x.device.type, enabled=False):
            powered = x.float().clamp(min=self.eps).pow(self.p)
            return powered.mean(dim=(2, 3)).pow(1 / self.p)


def build_pooling(name: PoolingName) -> nn.Module:
    """The pooling of that name."""
    return {"avg": AveragePooling, "max": MaxPooling, "gem": GeMPooling}[name]()
