"""Detectors small enough for a test."""

from __future__ import annotations

import torch

from streetshop.lab.nets.detect import Detector, Target
from streetshop.lab.nets.detect.mask_rcnn import MaskRcnn
from streetshop.lab.nets.detect.rt_detr import RtDetr

SIZE = (96, 64)


def mask_rcnn(*, masks: bool = True) -> MaskRcnn:
    torch.manual_seed(0)
    return MaskRcnn(2, backbone="efficientnet_lite0", masks=masks, size=SIZE, channels=16, proposals=20, samples=16)


def rt_detr() -> RtDetr:
    torch.manual_seed(0)
    return RtDetr(2, backbone="efficientnet_lite0", queries=10, width=64, layers=2, denoising=4)


def batch(*, masks: bool) -> tuple[torch.Tensor, list[Target]]:
    """Two pictures: one with two things, one with nothing."""
    torch.manual_seed(1)
    boxes = torch.tensor([[4.0, 4, 40, 60], [30, 50, 60, 90]])
    layers = torch.zeros(2, *SIZE, dtype=torch.uint8)
    layers[0, 4:60, 4:40], layers[1, 50:90, 30:60] = 1, 1
    nothing = Target(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), layers[:0] if masks else None)
    return torch.randn(2, 3, *SIZE), [Target(boxes, torch.tensor([0, 1]), layers if masks else None), nothing]


def check(net: Detector, *, masks: bool) -> None:
    """Losses move every part; what is found has the shapes and the frame that are promised."""
    images, targets = batch(masks=masks)
    net.train()
    loss, parts = net.losses(images, targets)
    assert torch.isfinite(loss)
    assert parts
    loss.backward()
    for parameters in (net.head_parameters(), net.backbone_parameters()):
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in parameters)
    assert {id(p) for p in (*net.head_parameters(), *net.backbone_parameters())} == {id(p) for p in net.parameters()}
    net.eval()
    with torch.no_grad():
        found = net(images[:1])
    assert len(found) == len(net.outputs)
    boxes, scores, labels = found[:3]
    assert boxes.shape == (len(scores), 4)
    assert labels.dtype == torch.int64
    assert ((scores >= 0) & (scores <= 1)).all()
    assert ((labels >= 0) & (labels < 2)).all()
    net.freeze(1)
    first, second = net.levels()[:2]
    assert not any(p.requires_grad for p in first.parameters())
    assert all(p.requires_grad for p in second.parameters())
    assert next(net.still()).num_features > 0
