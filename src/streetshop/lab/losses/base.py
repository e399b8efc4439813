"""The input and the base class of all loss terms."""

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
        targets: by name; (b,) int64 class indices with :data:`~streetshop.lab.data.labels.UNKNOWN`, or (b, classes)
            float32 for several labels.
        triplets: chosen by the miner; None if the stage has none.
    """

    encoding: Encoding
    targets: Mapping[str, Tensor]
    triplets: Triplets | None = None

    def vector(self, on: str) -> Tensor:
        """(b, dim) vectors: ``embedding``, ``features``, or a block by its name."""
        if on == "embedding":
            return self.encoding.embedding
        if on == "features":
            return self.encoding.features
        return self.encoding.blocks[on]


class LossTerm(nn.Module, ABC):
    """One term of the loss of a stage.

    Means are over the rows that the term uses. A batch without such rows gives a zero with a gradient, so that the
    processes of a distributed run stay in step.
    """

    @abstractmethod
    def forward(self, given: LossInput) -> Tensor:
        """The value of the term, () float."""


def nothing(vector: Tensor, *parameters: Tensor) -> Tensor:
    """A zero that depends on ``vector`` and ``parameters``."""
    return sum((p.sum() * 0 for p in parameters), vector.sum() * 0)
