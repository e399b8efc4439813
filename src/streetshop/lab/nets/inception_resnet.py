"""Inception-ResNet-v1 (Szegedy et al. 2017) as FaceNet's followers train it: the matcher of method 1.

Module names follow ``facenet-pytorch``, so that its published face weights (CASIA-WebFace, VGGFace2) load as they are;
their classifier and 512-d layer are left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001, momentum=0.1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class Residual(nn.Module):
    """``relu(x + scale * conv(concat(branches(x))))``; the ReLU can be left out."""

    def __init__(self, branches: list[nn.Module], width: int, channels: int, scale: float, relu: bool = True) -> None:
        super().__init__()
        for index, branch in enumerate(branches):
            setattr(self, f"branch{index}", branch)
        self.count = len(branches)
        self.conv2d = nn.Conv2d(width, channels, 1)
        self.scale = scale
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        parts = [getattr(self, f"branch{index}")(x) for index in range(self.count)]
        out = x + self.scale * self.conv2d(torch.cat(parts, 1))
        return torch.relu(out) if self.relu else out


class Reduction(nn.Module):
    """Halves the map: the branches side by side, the last one being a 3x3 max pooling."""

    def __init__(self, branches: list[nn.Module]) -> None:
        super().__init__()
        for index, branch in enumerate([*branches, nn.MaxPool2d(3, stride=2)]):
            setattr(self, f"branch{index}", branch)
        self.count = len(branches) + 1

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([getattr(self, f"branch{index}")(x) for index in range(self.count)], 1)


def _block35() -> Residual:
    branches = [
        ConvBlock(256, 32, 1),
        nn.Sequential(ConvBlock(256, 32, 1), ConvBlock(32, 32, 3, padding=1)),
        nn.Sequential(ConvBlock(256, 32, 1), ConvBlock(32, 32, 3, padding=1), ConvBlock(32, 32, 3, padding=1)),
    ]
    return Residual(branches, 96, 256, scale=0.17)


def _block17() -> Residual:
    branches = [
        ConvBlock(896, 128, 1),
        nn.Sequential(
            ConvBlock(896, 128, 1),
            ConvBlock(128, 128, (1, 7), padding=(0, 3)),
            ConvBlock(128, 128, (7, 1), padding=(3, 0)),
        ),
    ]
    return Residual(branches, 256, 896, scale=0.10)


def _block8(scale: float = 0.20, relu: bool = True) -> Residual:
    branches = [
        ConvBlock(1792, 192, 1),
        nn.Sequential(
            ConvBlock(1792, 192, 1),
            ConvBlock(192, 192, (1, 3), padding=(0, 1)),
            ConvBlock(192, 192, (3, 1), padding=(1, 0)),
        ),
    ]
    return Residual(branches, 384, 1792, scale=scale, relu=relu)


class InceptionResnetV1Backbone(nn.Module):
    """(b, 3, 160, 160) to (b, 1792, 3, 3). The shorter side must be at least 75 pixels: convolutions are unpadded."""

    channels = 1792
    min_side = 75

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1a = ConvBlock(3, 32, 3, stride=2)
        self.conv2d_2a = ConvBlock(32, 32, 3)
        self.conv2d_2b = ConvBlock(32, 64, 3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = ConvBlock(64, 80, 1)
        self.conv2d_4a = ConvBlock(80, 192, 3)
        self.conv2d_4b = ConvBlock(192, 256, 3, stride=2)
        self.repeat_1 = nn.Sequential(*(_block35() for _ in range(5)))
        self.mixed_6a = Reduction(
            [
                ConvBlock(256, 384, 3, stride=2),
                nn.Sequential(
                    ConvBlock(256, 192, 1), ConvBlock(192, 192, 3, padding=1), ConvBlock(192, 256, 3, stride=2)
                ),
            ]
        )
        self.repeat_2 = nn.Sequential(*(_block17() for _ in range(10)))
        self.mixed_7a = Reduction(
            [
                nn.Sequential(ConvBlock(896, 256, 1), ConvBlock(256, 384, 3, stride=2)),
                nn.Sequential(ConvBlock(896, 256, 1), ConvBlock(256, 256, 3, stride=2)),
                nn.Sequential(
                    ConvBlock(896, 256, 1), ConvBlock(256, 256, 3, padding=1), ConvBlock(256, 256, 3, stride=2)
                ),
            ]
        )
        self.repeat_3 = nn.Sequential(*(_block8() for _ in range(5)))
        self.block8 = _block8(scale=1.0, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x)))
        x = self.conv2d_4b(self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(x))))
        x = self.repeat_2(self.mixed_6a(self.repeat_1(x)))
        return self.block8(self.repeat_3(self.mixed_7a(x)))

    def layers(self) -> list[list[nn.Module]]:
        """The modules of each layer, bottom first, for freezing."""
        return [
            [self.conv2d_1a, self.conv2d_2a, self.conv2d_2b, self.conv2d_3b, self.conv2d_4a, self.conv2d_4b],
            [self.repeat_1],
            [self.mixed_6a, self.repeat_2],
            [self.mixed_7a, self.repeat_3, self.block8],
        ]
