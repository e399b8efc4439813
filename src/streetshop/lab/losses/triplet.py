"""Triplet losses: the plain ones, and the weighted one of method 3."""

from __future__ import annotations

from typing import Literal

import torch
from pytorch_metric_learning.distances import BaseDistance, CosineSimilarity, LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor

from streetshop.lab.losses.base import LossInput, LossTerm, nothing

DistanceName = Literal["euclidean", "squared", "cosine"]


def build_distance(name: DistanceName) -> BaseDistance:
    """The distance of that name; only ``cosine`` normalises the vectors."""
    if name == "cosine":
        return CosineSimilarity()
    return LpDistance(normalize_embeddings=False, power=2 if name == "squared" else 1)


class TripletLoss(LossTerm):
    """``mean max(0, margin + d(a, p) - d(a, n))`` over the mined triplets.

    ``distance`` ``euclidean`` is that of method 2 (equation 1), not squared; ``cosine`` is ``1 - cos`` (method 4).
    """

    def __init__(self, *, margin: float, distance: DistanceName = "euclidean", on: str = "embedding") -> None:
        super().__init__()
        self.on = on
        self.loss = TripletMarginLoss(margin=margin, distance=build_distance(distance), reducer=MeanReducer())

    def forward(self, given: LossInput) -> Tensor:
        vector = given.vector(self.on)
        if given.triplets is None or len(given.triplets[0]) == 0:
            return nothing(vector)
        return self.loss(vector, indices_tuple=given.triplets)


def weighted_triplet(a: Tensor, p: Tensor, n: Tensor, *, margin: float, alpha: float) -> Tensor:
    """Method 3, equations 1 to 3: (t, d) anchors, positives, negatives to (t,) losses.

    ``max(0, m + |a-p|^2 - |a-n|^2) + alpha / (3 d) * (|a|^2 + |p|^2 + |n|^2)``
    """
    ranking = torch.relu(margin + (a - p).pow(2).sum(1) - (a - n).pow(2).sum(1))
    norms = a.pow(2).sum(1) + p.pow(2).sum(1) + n.pow(2).sum(1)
    return ranking + alpha / (3 * a.shape[1]) * norms


class WeightedTripletLoss(LossTerm):
    """The mean of :func:`weighted_triplet` over the mined triplets, for vectors that are *not* normalised."""

    def __init__(self, *, margin: float = 0.2, alpha: float = 5e-5, on: str = "embedding") -> None:
        super().__init__()
        self.margin, self.alpha, self.on = margin, alpha, on

    def forward(self, given: LossInput) -> Tensor:
        vector = given.vector(self.on)
        if given.triplets is None or len(given.triplets[0]) == 0:
            return nothing(vector)
        a, p, n = (vector[rows] for rows in given.triplets)
        return weighted_triplet(a, p, n, margin=self.margin, alpha=self.alpha).mean()
