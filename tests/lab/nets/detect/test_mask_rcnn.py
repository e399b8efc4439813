"""Mask R-CNN learns from boxes and masks, or from boxes alone."""

from __future__ import annotations

import pytest
import torch

from streetshop.core.errors import UsageError
from streetshop.lab.nets.detect import build_detector
from streetshop.lab.nets.detect.mask_rcnn import MaskRcnn
from streetshop.lab.train.detector_recipe import MaskRcnnModel
from tests.lab.nets.detect.tiny import SIZE, batch, check, mask_rcnn

pytestmark = pytest.mark.lab


def test_with_masks() -> None:
    net = mask_rcnn()
    assert net.outputs == ("boxes", "scores", "labels", "masks")
    check(net, masks=True)


def test_without_masks() -> None:
    net = mask_rcnn(masks=False)
    assert net.outputs == ("boxes", "scores", "labels")
    check(net, masks=False)


def test_one_picture_is_learned_by_heart() -> None:
    """Fifteen steps on two boxes: the loss falls to a part of what it was."""
    net = mask_rcnn(masks=False)
    images, targets = batch(masks=False)
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    net.train()
    losses = []
    for _ in range(15):
        loss, _ = net.losses(images[:1], targets[:1])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.7 * losses[0]


@pytest.mark.parametrize(("name", "layers"), [("resnet50", 3 + 4 + 6 + 3), ("resnet101", 3 + 4 + 23 + 3)])
def test_resnets(name: str, layers: int) -> None:
    """The paper's depths, with a level for the stem and each of the four stages."""
    with torch.device("meta"):
        net = MaskRcnn(20, backbone=name, size=(800, 608))
    levels = net.levels()
    assert len(levels) == 4
    assert sum(len(level) for level in (levels[0][2], *levels[1:])) == layers
    assert net.roi_heads.box_predictor.cls_score.out_features == 21, "one more, for what is no article"


def test_coco_weights_are_of_resnet50(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MaskRcnnModel(kind="mask-rcnn", backbone="resnet101", weights="coco")
    with pytest.raises(UsageError, match="no COCO weights for resnet101"):
        build_detector(model, 2, SIZE)
