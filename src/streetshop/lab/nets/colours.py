"""Colours of a garment counted inside the network: three soft CIELAB histograms, with torch, as ONNX can run them."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.models import colour

SIDE: Final = 32
"""Pictures are counted in SIDE x SIDE pixels."""

COLOURS: Final = 3 * colour.COLOUR_DIM
"""Numbers of the counts."""


class Colours(nn.Module):
    """(b, 4, SIDE, SIDE), RGB and mask from 0 to 1, to (b, :data:`COLOURS`) shares, each histogram summing to 1.

    The bins are those of :mod:`streetshop.models.colour`. Counted over the mask; over its inside, where few
    neighbours lie beyond the rim; and over its rim. Without a mask the rim is the picture's border: what inside and
    rim share is likely the ground that the garment lies on.
    """

    slope: Tensor
    offset: Tensor
    axes: Tensor
    ones: Tensor
    to_xyz: Tensor

    def __init__(self) -> None:
        super().__init__()
        slope, offset = colour.bin_planes()
        self.register_buffer("slope", torch.from_numpy(slope.T.copy())[:, :, None, None])
        self.register_buffer("offset", torch.from_numpy(offset))
        self.register_buffer("axes", torch.from_numpy(colour.squared_axes())[:, None, None])
        self.register_buffer("ones", torch.ones(1, colour.COLOUR_DIM, 1, 1))
        self.register_buffer("to_xyz", torch.from_numpy(colour.TO_XYZ.copy())[:, :, None, None])

    def forward(self, small: Tensor) -> Tensor:
        mask = small[:, 3:] + 1e-4
        mask = mask / functional.adaptive_max_pool2d(mask, 1)  # an empty mask counts as full
        around = mask
        for _ in range(3):
            around = functional.avg_pool2d(around, 5, stride=1, padding=2)
        inside = mask * around**3
        rim = mask * (1 - around).clamp(min=0)
        lab = self._lab(small[:, :3])
        # The softmax over bins, without its search for the largest: the exponent is minus a squared distance already.
        near = (functional.conv2d(lab, self.slope, self.offset) - (lab**2 * self.axes).sum(1, keepdim=True)).exp()
        weights = torch.cat([mask, inside, rim], dim=1)
        shared = weights / (functional.conv2d(near, self.ones) + 1e-20)
        # Pooled: products of matrices and sums add up in another order when there are more threads or pictures.
        pooled = [functional.adaptive_avg_pool2d(near * shared[:, i : i + 1], 1).flatten(2) for i in range(3)]
        total = functional.adaptive_avg_pool2d(weights, 1).flatten(2)
        return (torch.cat(pooled, dim=2).transpose(1, 2) / (total + 1e-12)).flatten(1)

    def _lab(self, rgb: Tensor) -> Tensor:
        """(b, 3, h, w) sRGB from 0 to 1 to CIELAB, as :func:`streetshop.models.colour.lab`."""
        rgb = rgb.clamp(0, 1)
        light = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055).pow(2.4))
        xyz = functional.conv2d(light, self.to_xyz)
        root = torch.where(xyz > (6 / 29) ** 3, (xyz + 1e-9).pow(1 / 3), xyz * (841 / 108) + 4 / 29)
        x, y, z = root[:, :1], root[:, 1:2], root[:, 2:]
        return torch.cat([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)
