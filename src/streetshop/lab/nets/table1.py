"""The backbone of method 5's global branch (its Table 1, after Simo-Serra and Ishikawa)."""

from __future__ import annotations

from torch import Tensor, nn


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    # The table names no activation; the network it cites uses ReLU after every convolution.
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    ]


class Table1Backbone(nn.Module):
    """Six 3x3 convolutions in three pairs, reduced by 16: (b, 3, 384, 256) to (b, 256, 24, 16).

    Each pair but the last is followed by dropout, max pooling 4x4 stride 4 and batch norm. The sides of the input
    must be multiples of 16; other sizes are cut by the pooling.
    """

    channels = 256

    def __init__(self, dropout: float = 0.25) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [
                nn.Sequential(*_pair(3, 64), nn.Dropout(dropout), nn.MaxPool2d(4), nn.BatchNorm2d(64)),
                nn.Sequential(*_pair(64, 128), nn.Dropout(dropout), nn.MaxPool2d(4), nn.BatchNorm2d(128)),
                nn.Sequential(*_pair(128, 256)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)
        return x

    def layers(self) -> list[list[nn.Module]]:
        """The modules of each layer, bottom first, for freezing."""
        return [[stage] for stage in self.stages]
