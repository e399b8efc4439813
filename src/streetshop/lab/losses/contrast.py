"""Losses of the default encoder: supervised contrast, and cosines that are kept."""

from __future__ import annotations

from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor
from torch.nn import functional

from streetshop.lab.data.labels import UNKNOWN


def supervised_contrast(
    vectors: Tensor, labels: Tensor, groups: Tensor, temperature: float, sources: Tensor | None = None
) -> Tensor:
    """SupCon (Khosla et al. 2020, equation 2, L_out): pictures of one label attract each other.

    Args:
        vectors: (b, dim) of unit length.
        labels: (b,) class indices; :data:`~streetshop.lab.data.labels.UNKNOWN` leaves a picture out.
        groups: (b,) of senders or photos. Pictures of one group neither attract nor repel each other, so that a room's
            light is no clue.
        temperature: divides the cosines.
        sources: (b,) of vocabularies. Pictures of two sources with different labels do not repel each other: two
            vocabularies may name one thing.
    """
    same = labels[:, None] == labels[None]
    known = labels != UNKNOWN
    counted = (groups[:, None] != groups[None]) & known[:, None] & known[None]
    if sources is not None:
        counted &= same | (sources[:, None] == sources[None])
    pairs = (*(counted & same).nonzero(as_tuple=True), *(counted & ~same).nonzero(as_tuple=True))
    return SupConLoss(temperature)(vectors, indices_tuple=pairs)


def keep_relations(vectors: Tensor, reference: Tensor) -> Tensor:
    """Mean squared difference of the cosines within a batch from those of reference vectors.

    Relational distillation (Park et al. 2019): what the backbone knows of things without labels is kept.
    """
    return functional.mse_loss(vectors @ vectors.T, reference @ reference.T)
