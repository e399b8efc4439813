"""An encoder: backbone, then a head that turns the feature map into named blocks of a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.nets.attention import AttendedRegions, AttentionBranch
from streetshop.lab.nets.backbones import Backbone
from streetshop.lab.nets.pooling import PoolingName, build_pooling


@dataclass(frozen=True)
class Encoding:
    """What an encoder says about a batch.

    Attributes:
        features: (b, channels), the backbone's pooled features.
        blocks: (b, dim) each, by name; of unit length where the head normalises.
        embedding: (b, sum of dims), the blocks side by side; of unit length where the head normalises.
        regions: what the attention branch found, where there is one.
    """

    features: Tensor
    blocks: Mapping[str, Tensor]
    embedding: Tensor
    regions: AttendedRegions | None = field(default=None)


def join_blocks(blocks: Mapping[str, Tensor], *, normalised: bool) -> Tensor:
    """The blocks side by side; unit blocks are divided by the root of their number, so that the whole is a unit."""
    joined = torch.cat(list(blocks.values()), dim=1)
    return joined / len(blocks) ** 0.5 if normalised else joined


@dataclass(frozen=True)
class Block:
    """One block of the vector: its name, how the map is pooled for it, and its numbers.

    ``dim`` None takes the pooled features as they are. ``batch_norm`` puts one after the linear layer (FaceNet's
    last layer does so).
    """

    name: str
    dim: int | None
    pooling: PoolingName = "avg"
    batch_norm: bool = False


class BlockHead(nn.Module):
    """Pooling and one linear layer a block. Blocks with equal pooling share the pooled features."""

    def __init__(self, channels: int, blocks: Sequence[Block], *, normalise: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.normalise = normalise
        self.channels = channels
        self.dims = {block.name: block.dim or channels for block in blocks}
        self.pooling_of = {block.name: block.pooling for block in blocks}
        self.pooling = nn.ModuleDict({name: build_pooling(name) for name in dict.fromkeys(self.pooling_of.values())})
        self.dropout = nn.Dropout(dropout)
        self.project = nn.ModuleDict({block.name: _projection(channels, block) for block in blocks})

    def forward(self, feature_map: Tensor) -> Encoding:
        pooled = {name: pooling(feature_map) for name, pooling in self.pooling.items()}
        blocks = {}
        for name, layer in self.project.items():
            value = layer(self.dropout(pooled[self.pooling_of[name]]))
            blocks[name] = functional.normalize(value, dim=1) if self.normalise else value
        features = next(iter(pooled.values()))
        return Encoding(features, blocks, join_blocks(blocks, normalised=self.normalise))


def _projection(channels: int, block: Block) -> nn.Module:
    if block.dim is None:
        return nn.Identity()
    if block.batch_norm:
        return nn.Sequential(
            nn.Linear(channels, block.dim, bias=False), nn.BatchNorm1d(block.dim, eps=0.001, momentum=0.1)
        )
    return nn.Linear(channels, block.dim)


class AttentionHead(nn.Module):
    """Method 5: the pooled map and the attended regions' features side by side, as one block.

    ``dim`` is ``channels + steps * size``; nothing is normalised (the method searches by Euclidean distance).
    """

    normalise = False

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        name: str = "style",
        pooling: PoolingName = "avg",
        steps: int = 5,
        size: int = 64,
        hidden: int = 256,
        region: int = 7,
        codewords: int = 16,
    ) -> None:
        super().__init__()
        self.name = name
        self.channels = channels
        self.dims = {name: channels + steps * size}
        self.pooling = build_pooling(pooling)
        self.branch = AttentionBranch(
            channels, classes, steps=steps, size=size, hidden=hidden, region=region, codewords=codewords
        )

    def forward(self, feature_map: Tensor) -> Encoding:
        pooled = self.pooling(feature_map)
        regions = self.branch(feature_map)
        embedding = torch.cat([pooled, regions.features.flatten(1)], dim=1)
        return Encoding(pooled, {self.name: embedding}, embedding, regions)


class Encoder(nn.Module):
    """Pixels to :class:`Encoding`.

    Input (b, 3, h, w): float RGB from 0 to 255; the backbone's own scaling happens inside (``scaled=True`` skips it).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, head: BlockHead | AttentionHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.register_buffer("mean", torch.tensor(backbone.scale.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(backbone.scale.std).view(1, 3, 1, 1), persistent=False)

    @property
    def dims(self) -> dict[str, int]:
        """Numbers of each block, by name."""
        return self.head.dims

    @property
    def normalise(self) -> bool:
        """Whether blocks are of unit length."""
        return self.head.normalise

    def forward(self, pixels: Tensor, *, scaled: bool = False) -> Encoding:
        x = pixels if scaled else (pixels - self.mean) / self.std
        return self.head(self.backbone(x))
