"""What every loss term sees, and how it is reduced."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from streetshop.lab.nets.encoder import Encoding

Triplets = tuple[Tensor, Tensor, Tensor]
"""(t,) int64 rows of anchors, positives and negatives in the batch."""


@dataclass(frozen=True)
class LossInput:
    """One batch, encoded.

    Attributes:
        encoding: of the whole batch, float32.
        targets: by name; (b,) int64 class indices with :data:`~streetshop.lab.data.labels.UNKNOWN`, or (b, classes) float32 of several labels.
        triplets: what the miner chose; None where the stage has no miner.
    """

    encoding: Encoding
    targets: Mapping[str, Tensor]
    triplets: Triplets | None = None

    def vector(self, on: str) -> Tensor:
        """(b, dim): ``embedding``, ``features``, or a block by its name."""
        if on == "embedding":
            return self.encoding.embedding
        if on == "features":
            return self.encoding.features
        return self.encoding.blocks[on]


class LossTerm(nn.Module, ABC):
    """One term of a stage's loss: a scalar for a :class:`LossInput`. Means are over what the term learned from; a batch
    that holds nothing for it gives a zero that still has a gradient, so that distributed runs stay in step.
    """

    @abstractmethod
    def forward(self, given: LossInput) -> Tensor:
        """The term's value, () float."""


def nothing(vector: Tensor, *parameters: Tensor) -> Tensor:
    """A zero that depends on ``vector`` and ``parameters``."""
    return sum((p.sum() * 0 for p in parameters), vector.sum() * 0)
