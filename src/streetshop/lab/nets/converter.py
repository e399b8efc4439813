"""Method 1's converter: a worn garment in, its clean product picture out (PixelDTGAN, Yoo et al. 2016).

The text's Tables 2 and 3 are misprinted; read as follows. One convolution stack serves the encoder and both
discriminators (128, 256, 512, 1024 filters of 5x5, stride 2, then a 4x4 valid convolution); the decoder mirrors it.
All pictures are (b, 3, 64, 64) in -1..1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 64
"""Pixels a side of every picture."""

CODE = 64
"""Numbers the encoder condenses a picture to."""


def conv_stack(inputs: int, outputs: int, width: int = 128) -> nn.Sequential:
    """(b, inputs, 64, 64) to (b, outputs, 1, 1); batch norm in all layers but the first and the last, as in DCGAN."""
    layers: list[nn.Module] = []
    channels = inputs
    for index in range(4):
        filters = width * 2**index
        layers.append(nn.Conv2d(channels, filters, 5, stride=2, padding=2, bias=index == 0))
        if index:
            layers.append(nn.BatchNorm2d(filters))
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        channels = filters
    layers.append(nn.Conv2d(channels, outputs, 4))
    return nn.Sequential(*layers)


class Converter(nn.Module):
    """Encoder and decoder: (b, 3, 64, 64) street picture to (b, 3, 64, 64) product picture, both in -1..1.

    ``width`` is the first layer's number of filters: 128 in the paper.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.encoder = conv_stack(3, CODE, width)
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(CODE, width * 8, 4, bias=False),
            nn.BatchNorm2d(width * 8),
            nn.ReLU(inplace=True),
        ]
        for index in (4, 2, 1):
            layers += [_up(width * index * 2, width * index), nn.BatchNorm2d(width * index), nn.ReLU(inplace=True)]
        layers += [_up(width, 3, bias=True), nn.Tanh()]
        self.decoder = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, source: Tensor) -> Tensor:
        return self.decoder(self.encoder(source))


def _up(inputs: int, outputs: int, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=1, bias=bias)


class RealDiscriminator(nn.Module):
    """Discriminates real from generated product pictures: (b, 3, 64, 64) to (b,) logits."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.stack = conv_stack(3, 1, width)
        self.apply(initialise)

    def forward(self, target: Tensor) -> Tensor:
        return self.stack(target).flatten()


class DomainDiscriminator(nn.Module):
    """Discriminates associated from other pairs of street and product pictures: two (b, 3, 64, 64) to (b,) logits."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.stack = conv_stack(6, 1, width)
        self.apply(initialise)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.stack(torch.cat([source, target], dim=1)).flatten()


def initialise(module: nn.Module) -> None:
    """Initialise as DCGAN: normal weights with deviation 0.02, batch norm scales around 1."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
