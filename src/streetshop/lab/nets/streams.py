"""One or two encoders: street pictures through the query stream, shop pictures through the gallery stream."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from streetshop.lab.nets.encoder import Encoder, Encoding


class Streams(nn.Module):
    """Method 2's streams. They share one encoder until :meth:`unshare`.

    Attributes:
        query: the encoder of street pictures, and of all while the streams are shared.
        gallery: the encoder of shop pictures, or None while the streams are shared.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.query = encoder
        self.gallery: Encoder | None = None

    @property
    def shared(self) -> bool:
        """Whether both domains go through one encoder."""
        return self.gallery is None

    def unshare(self) -> None:
        """Give the gallery its own copy of the query stream's weights. Does nothing when it already has one."""
        if self.gallery is None:
            self.gallery = copy.deepcopy(self.query)

    def encoders(self) -> list[Encoder]:
        """The query stream, and the gallery stream where it is its own."""
        return [self.query] if self.gallery is None else [self.query, self.gallery]

    def forward(self, pixels: Tensor, shop: Tensor) -> Encoding:
        """(b, 3, h, w) pixels from 0 to 255 and (b,) bool, True for shop pictures, to one encoding of all, in order."""
        if self.gallery is None:
            return self.query(pixels)
        if shop.all():
            return self.gallery(pixels)
        if not shop.any():
            return self.query(pixels)
        street_rows, shop_rows = (~shop).nonzero().squeeze(1), shop.nonzero().squeeze(1)
        back = torch.argsort(torch.cat([street_rows, shop_rows]))
        return _merge(self.query(pixels[street_rows]), self.gallery(pixels[shop_rows]), back)


def _merge(first: Encoding, second: Encoding, order: Tensor) -> Encoding:
    def join(a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([a, b])[order]

    regions = None
    if first.regions is not None and second.regions is not None:
        values = [join(getattr(first.regions, name), getattr(second.regions, name)) for name in vars(first.regions)]
        regions = type(first.regions)(*values)
    return Encoding(
        join(first.features, second.features),
        {name: join(value, second.blocks[name]) for name, value in first.blocks.items()},
        join(first.embedding, second.embedding),
        regions,
    )
