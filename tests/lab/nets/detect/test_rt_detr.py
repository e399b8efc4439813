"""RT-DETR learns from boxes."""

from __future__ import annotations

import pytest
import torch

from streetshop.core.errors import UsageError
from streetshop.lab.nets.detect.rt_detr import RtDetr
from tests.lab.nets.detect.tiny import batch, check, rt_detr

pytestmark = pytest.mark.lab


def test_losses_and_answers() -> None:
    check(rt_detr(), masks=False)


def test_answers_are_the_most_probable_pairs_of_query_and_class() -> None:
    net = rt_detr().eval()
    images, _ = batch(masks=False)
    with torch.no_grad():
        boxes, scores, labels = net(images[:1])
        found = net.network(pixel_values=images[:1])
    chances = found.logits[0].sigmoid().numpy()
    assert len(scores) == 10
    assert (scores.diff() <= 0).all()
    pairs = sorted(((c, q, k) for q, row in enumerate(chances.tolist()) for k, c in enumerate(row)), reverse=True)
    for i in range(3):
        chance, query, label = pairs[i]
        assert (float(scores[i]), int(labels[i])) == (pytest.approx(chance), label)
        x, y, w, h = found.pred_boxes[0, query].tolist()
        wanted = [(x - w / 2) * 64, (y - h / 2) * 96, (x + w / 2) * 64, (y + h / 2) * 96]
        assert boxes[i].tolist() == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(("backbone", "weights"), [("resnet18", "imagenet"), ("efficientnet_lite0", "coco")])
def test_weights_that_do_not_exist(backbone: str, weights: str) -> None:
    with pytest.raises(UsageError, match="there are no"):
        RtDetr(2, backbone=backbone, weights=weights)


def test_a_resnet_has_five_levels() -> None:
    net = RtDetr(2, backbone="resnet18", queries=10, width=64, layers=2, denoising=0)
    assert len(net.levels()) == 5
    assert net.network.model.config.d_model == 64
