"""Classification losses: cross-entropy, ArcFace, center loss, multi-label Euclidean loss."""

from __future__ import annotations

import torch
import torch.distributed
from pytorch_metric_learning.losses import ArcFaceLoss
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.data.labels import UNKNOWN
from streetshop.lab.losses.base import LossInput, LossTerm, nothing


class CrossEntropy(LossTerm):
    """A linear classifier on a vector, and its cross-entropy (method 1's softmax loss, method 4's product type).

    ``on="embedding"`` puts the classifier on the search vector, ``on="features"`` on the pooled features of the
    backbone (as in GrokNet).
    """

    def __init__(self, *, target: str, classes: int, dim: int, on: str = "embedding", smoothing: float = 0.0) -> None:
        super().__init__()
        self.target, self.on, self.smoothing = target, on, smoothing
        self.classifier = nn.Linear(dim, classes)

    def forward(self, given: LossInput) -> Tensor:
        vector, labels = given.vector(self.on), given.targets[self.target]
        known = labels != UNKNOWN
        if not known.any():
            return nothing(vector, *self.classifier.parameters())
        return functional.cross_entropy(self.classifier(vector[known]), labels[known], label_smoothing=self.smoothing)


class ArcFace(LossTerm):
    """Additive angular margin (Deng et al. 2019): ``-log softmax`` of ``s cos(theta_y + m)`` against ``s cos theta_j``.

    ``margin`` in degrees. Vectors are normalised inside.
    """

    def __init__(
        self,
        *,
        classes: int,
        dim: int,
        target: str = "product",
        margin: float = 28.6,
        scale: float = 64.0,
        on: str = "embedding",
    ) -> None:
        super().__init__()
        self.target, self.on = target, on
        self.loss = ArcFaceLoss(num_classes=classes, embedding_size=dim, margin=margin, scale=scale)

    def forward(self, given: LossInput) -> Tensor:
        vector, labels = given.vector(self.on), given.targets[self.target]
        known = labels != UNKNOWN
        if not known.any():
            return nothing(vector, *self.loss.parameters())
        return self.loss(vector[known], labels[known])


class CenterLoss(LossTerm):
    """``1/2 |x - c_y|^2``, the mean over the batch (Wen et al. 2016; method 1, equation 5).

    The optimiser does not update the centers: after each batch a center moves by ``rate`` times
    ``sum(c_y - x) / (1 + n)`` towards its ``n`` pictures in the batch (equation 4 of Wen et al.). In a distributed run
    the batch is that of all processes.
    """

    centers: Tensor

    def __init__(
        self, *, classes: int, dim: int, target: str = "product", rate: float = 0.5, on: str = "embedding"
    ) -> None:
        super().__init__()
        self.target, self.rate, self.on = target, rate, on
        self.register_buffer("centers", torch.randn(classes, dim) * dim**-0.5)

    def forward(self, given: LossInput) -> Tensor:
        vector, labels = given.vector(self.on), given.targets[self.target]
        known = labels != UNKNOWN
        # A copy: the update below is in place, and the backward pass needs the old centers.
        away = vector[known] - self.centers[labels[known]].clone()
        if self.training:
            self._move(vector.detach(), labels)
        return 0.5 * away.pow(2).sum(1).mean() if len(away) else nothing(vector)

    @torch.no_grad()
    def _move(self, vector: Tensor, labels: Tensor) -> None:
        if torch.distributed.is_initialized():
            vector, labels = _gather(vector), _gather(labels)
        known = labels != UNKNOWN
        vector, labels = vector[known], labels[known]
        count = torch.bincount(labels, minlength=len(self.centers))
        total = torch.zeros_like(self.centers).index_add_(0, labels, self.centers[labels] - vector)
        self.centers -= self.rate * total / (1 + count).unsqueeze(1)


def _gather(value: Tensor) -> Tensor:
    parts = [torch.empty_like(value) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(parts, value.contiguous())
    return torch.cat(parts)


def multilabel_euclidean(scores: Tensor, labels: Tensor) -> Tensor:
    """Method 5, equation 3: (b, classes) scores and 0/1 labels to the mean over rows of ``sum_c (p_c - q_c)^2``.

    ``p`` is the softmax of the scores and ``q`` the labels divided by their number, as in Wang et al. 2017, from where
    the loss comes.
    """
    truth = labels / labels.sum(1, keepdim=True).clamp(min=1)
    return (scores.softmax(1) - truth).pow(2).sum(1).mean()


class MultiLabelEuclidean(LossTerm):
    """:func:`multilabel_euclidean` on the attention branch's scores; rows without any label are left out."""

    def __init__(self, *, target: str) -> None:
        super().__init__()
        self.target = target

    def forward(self, given: LossInput) -> Tensor:
        if given.encoding.regions is None:
            raise TypeError("multilabel_euclidean needs an encoder with an attention head")
        scores, labels = given.encoding.regions.scores, given.targets[self.target]
        labelled = labels.sum(1) > 0
        if not labelled.any():
            return nothing(scores)
        return multilabel_euclidean(scores[labelled], labels[labelled])
