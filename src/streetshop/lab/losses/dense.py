"""Losses of the reader: classes per pixel and keypoint heatmaps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from streetshop.lab.data.classes import IGNORE


def lovasz_softmax(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Lovász-softmax: a convex surrogate of one minus IoU, averaged over the classes that occur.

    Berman, Triki and Blaschko 2018, equation 11 and algorithm 1.

    Args:
        probabilities: (n, classes), rows summing to one.
        labels: (n,) class indices, without ignored ones.
    """
    losses = []
    for index in labels.unique().tolist():
        truth = (labels == index).float()
        errors, order = (truth - probabilities[:, index]).abs().sort(descending=True)
        losses.append(errors @ _jaccard_gradient(truth[order]))
    return torch.stack(losses).mean() if losses else probabilities.sum() * 0


def _jaccard_gradient(truth: Tensor) -> Tensor:
    """Gradient of the Lovász extension for errors in falling order."""
    total = truth.sum()
    intersection = total - truth.cumsum(0)
    union = total + (1 - truth).cumsum(0)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def class_loss(logits: Tensor, labels: Tensor, weights: Tensor, *, lovasz: float) -> Tensor:
    """Weighted cross-entropy plus ``lovasz`` times :func:`lovasz_softmax`, without pixels labelled :data:`IGNORE`.

    Args:
        logits: (b, classes, h, w).
        labels: (b, h, w) int64.
        weights: (classes,).
        lovasz: weight of the second term.
    """
    rows = logits.permute(0, 2, 3, 1).flatten(0, 2)
    flat = labels.flatten()
    known = flat != IGNORE
    rows, flat = rows[known], flat[known]
    if not len(flat):
        return logits.sum() * 0
    loss = functional.cross_entropy(rows, flat, weights)
    return loss + lovasz * lovasz_softmax(rows.softmax(1), flat) if lovasz else loss


def heatmaps(points: Tensor, size: tuple[int, int], stride: int, sigma: float) -> tuple[Tensor, Tensor]:
    """The targets of the keypoint head.

    Args:
        points: (b, 17, 3) x, y in input pixels and visibility; NaN visibility where there are no keypoint labels.
        size: (height, width) of the heatmaps.
        stride: input pixels per heatmap pixel.
        sigma: of the Gaussians, in heatmap pixels.

    Returns:
        (b, 17, h, w) Gaussians with peak 1 on the pixel of a visible point, and (b, 17) whether a heatmap counts in the
        loss: a hidden or uncertain point does not; one outside the picture counts with an empty heatmap.
    """
    b, joints = points.shape[:2]
    x, y = (points[..., 0] / stride).floor(), (points[..., 1] / stride).floor()
    inside = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
    seen = points[..., 2] == 2
    counted = seen | ((points[..., 2] == 1) & ~inside)
    columns = torch.arange(size[1], device=points.device) - x[..., None]
    rows = torch.arange(size[0], device=points.device) - y[..., None]
    across, down = (torch.exp(-(d**2) / (2 * sigma**2)) for d in (columns, rows))
    maps = down[..., :, None] * across[..., None, :]
    return torch.where((seen & inside)[..., None, None], maps, maps.new_zeros(())).view(b, joints, *size), counted


def keypoint_loss(logits: Tensor, maps: Tensor, counted: Tensor) -> Tensor:
    """Penalty-reduced focal loss of heatmaps, divided by the number of points.

    Zhou, Wang and Krähenbühl 2019, equation 1 with alpha 2 and beta 4.
    """
    logits, maps = logits[counted], maps[counted]
    if not len(logits):
        return logits.sum()
    probability = logits.sigmoid()
    peak = maps == 1
    found = (1 - probability) ** 2 * functional.softplus(-logits) * peak
    empty = probability**2 * (1 - maps) ** 4 * functional.softplus(logits)
    return (found.sum() + empty.masked_fill(peak, 0).sum()) / peak.sum().clamp(min=1)
