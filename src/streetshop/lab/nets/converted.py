"""Method 1 end to end: the converter draws the product picture, the matcher encodes it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from streetshop.lab.nets.converter import SIDE, Converter
from streetshop.lab.nets.encoder import Encoder, Encoding


def resize_matrix(inputs: int, outputs: int) -> Tensor:
    """(outputs, inputs) weights of a linear, antialiased resampling of a line; its rows sum to 1.

    Two of them make a picture's resize, and two matrix products are something every runtime has.
    """
    scale = max(inputs / outputs, 1.0)
    centres = (torch.arange(outputs, dtype=torch.float64) + 0.5) * inputs / outputs - 0.5
    weights = (1 - (torch.arange(inputs, dtype=torch.float64) - centres[:, None]).abs() / scale).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).float()


class ConvertedEncoder(nn.Module):
    """An encoder that sees what the converter makes of its input; the same input and output as the encoder's.

    The input is brought to 64 x 64 for the converter and its product picture back to (h, w) for the encoder.
    """

    down_rows: Tensor
    down_columns: Tensor
    up_rows: Tensor
    up_columns: Tensor

    def __init__(self, converter: Converter, encoder: Encoder, size: tuple[int, int]) -> None:
        super().__init__()
        self.converter, self.encoder = converter, encoder
        for name, source, target in (("down", size, (SIDE, SIDE)), ("up", (SIDE, SIDE), size)):
            self.register_buffer(f"{name}_rows", resize_matrix(source[0], target[0]), persistent=False)
            self.register_buffer(f"{name}_columns", resize_matrix(source[1], target[1]).t(), persistent=False)

    @property
    def dims(self) -> dict[str, int]:
        """Numbers of each block, by name."""
        return self.encoder.dims

    def forward(self, pixels: Tensor, *, scaled: bool = False) -> Encoding:
        if scaled:
            pixels = pixels * self.encoder.std + self.encoder.mean
        small = self.down_rows @ pixels @ self.down_columns
        made = (self.converter(small / 127.5 - 1) + 1) * 127.5
        return self.encoder(self.up_rows @ made @ self.up_columns)
