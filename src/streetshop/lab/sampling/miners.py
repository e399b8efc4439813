"""Which triplets of an encoded batch are learned from."""

from __future__ import annotations

from typing import Literal

import torch
from pytorch_metric_learning.miners import BaseMiner, BatchHardMiner, TripletMarginMiner
from torch import Tensor

from streetshop.lab.data.labels import UNKNOWN
from streetshop.lab.losses.base import Triplets
from streetshop.lab.losses.triplet import DistanceName, build_distance

MinerName = Literal["given", "all", "semihard", "hard", "batch_hard"]


class Miner:
    """Chooses triplets of a batch; gradients do not pass through it.

    ``given`` takes the triplets as the sampler made them (rows q, p, n, q, p, n, ...). The others look at the batch:
    ``all`` triplets that violate the margin; ``semihard`` those of them whose negative is farther than the positive;
    ``hard`` those whose negative is nearer; ``batch_hard`` the farthest positive and nearest negative of each anchor.

    With ``cross`` anchors are street pictures, positives and negatives shop pictures, as in a search.
    """

    def __init__(
        self,
        name: MinerName,
        *,
        margin: float = 0.2,
        distance: DistanceName = "euclidean",
        cross: bool = False,
    ) -> None:
        self.name, self.cross = name, cross
        self._miner: BaseMiner | None = None
        if name == "batch_hard":
            self._miner = BatchHardMiner(distance=build_distance(distance))
        elif name != "given":
            self._miner = TripletMarginMiner(margin=margin, type_of_triplets=name, distance=build_distance(distance))

    def __call__(self, embedding: Tensor, products: Tensor, shop: Tensor) -> Triplets:
        """(b, d) vectors, (b,) product indices, (b,) bool to rows of anchors, positives and negatives."""
        if self._miner is None:
            rows = torch.arange(len(products), device=products.device).view(-1, 3)
            return rows[:, 0], rows[:, 1], rows[:, 2]
        known = products != UNKNOWN
        anchors = (known & ~shop if self.cross else known).nonzero().squeeze(1)
        others = (known & shop if self.cross else known).nonzero().squeeze(1)
        if len(anchors) == 0 or len(others) == 0:
            empty = anchors[:0]
            return empty, empty, empty
        vectors = embedding.detach()
        if self.cross:
            a, p, n = self._miner(vectors[anchors], products[anchors], vectors[others], products[others])
            return anchors[a], others[p], others[n]
        a, p, n = self._miner(vectors[anchors], products[anchors])
        return anchors[a], anchors[p], anchors[n]
