"""Losses on the attended regions of method 5: diversity, scale, anchors, positive scale."""

from __future__ import annotations

import torch
from torch import Tensor

from streetshop.lab.losses.base import LossInput, LossTerm
from streetshop.lab.nets.attention import AttendedRegions, anchor_points


def diversity(maps: Tensor) -> Tensor:
    """Equation 4, in its correct form: (b, k, places) softmaxed attention maps to the mean overlap of neighbours.

    ``1 / (k - 1) * sum_{j=2..k} sum_i l_{j-1, i} * l_{j, i}``, averaged over the batch; 0 for a single map.
    """
    if maps.shape[1] < 2:
        return maps.sum() * 0
    return (maps[:, :-1] * maps[:, 1:]).sum(2).mean()


def scale_constraint(places: Tensor, limit: float = 0.5) -> Tensor:
    """Equation 6: (..., 4) sx, sy, tx, ty to ``max(|sx| - limit, 0)^2 + max(|sy| - limit, 0)^2``."""
    return torch.relu(places[..., :2].abs() - limit).pow(2).sum(-1)


def anchor_constraint(places: Tensor, anchors: Tensor) -> Tensor:
    """Equation 5: (..., k, 4) places and (k, 2) anchors to ``1/2 ((tx - cx)^2 + (ty - cy)^2)``."""
    return 0.5 * (places[..., 2:] - anchors).pow(2).sum(-1)


def positive_constraint(places: Tensor, least: float = 0.1) -> Tensor:
    """Equation 7: ``max(0, least - sx) + max(0, least - sy)``: against mirrored regions."""
    return torch.relu(least - places[..., :2]).sum(-1)


def localisation(places: Tensor, anchors: Tensor, *, anchor: float = 0.01, positive: float = 0.1) -> Tensor:
    """Equation 8: scale + ``anchor`` * anchor + ``positive`` * positive, the mean over batch and regions."""
    terms = (
        scale_constraint(places) + anchor * anchor_constraint(places, anchors) + positive * positive_constraint(places)
    )
    return terms.mean()


def _regions(given: LossInput) -> AttendedRegions:
    if given.encoding.regions is None:
        raise TypeError("this loss needs an encoder with an attention head")
    return given.encoding.regions


class Diversity(LossTerm):
    """:func:`diversity` of the batch."""

    def forward(self, given: LossInput) -> Tensor:
        return diversity(_regions(given).maps)


class Localisation(LossTerm):
    """:func:`localisation` of the batch; anchors lie on a circle round the centre."""

    anchors: Tensor

    def __init__(self, *, steps: int, anchor: float = 0.01, positive: float = 0.1) -> None:
        super().__init__()
        self.anchor, self.positive = anchor, positive
        self.register_buffer("anchors", anchor_points(steps), persistent=False)

    def forward(self, given: LossInput) -> Tensor:
        return localisation(_regions(given).places, self.anchors, anchor=self.anchor, positive=self.positive)
