"""The reader's network: shapes, frozen parts, the level of stride 2, the head for articles."""

from __future__ import annotations

import pytest
import torch

from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.nets.reader import ReaderNet, enlarge

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "efficientnet_lite2"])
def test_shapes_and_freezing(backbone: str) -> None:
    net = ReaderNet(backbone=backbone, channels=16, weights="none")
    classes, joints, features = net(torch.zeros(2, 3, 96, 64))
    assert classes.shape == (2, len(CLASSES), 24, 16)
    assert joints.shape == (2, 17, 24, 16)
    assert features.shape == (2, net.feature_channels, 6, 4)
    everything = len(net.backbone_parameters())
    net.freeze(3)
    learning = [p for p in net.backbone_parameters() if p.requires_grad]
    assert 0 < len(learning) < everything
    net.train()
    assert not net.blocks.training
    assert net.mix4.training
    assert not {id(p) for p in net.backbone_parameters()} & {id(p) for p in net.head_parameters()}


def test_the_level_of_stride_2_starts_as_no_correction_and_is_learned() -> None:
    net = ReaderNet(channels=16, detail=8, weights="none").eval()
    pictures = torch.rand(1, 3, 96, 64)
    classes, joints, _ = net(pictures)
    assert classes.shape == (1, len(CLASSES), 48, 32)
    assert joints.shape == (1, 17, 24, 16)
    quarter: list[torch.Tensor] = []
    net.mix4.register_forward_hook(lambda module, inputs, output: quarter.append(net.classes(output)))
    net(pictures)
    torch.testing.assert_close(classes, enlarge(quarter[0], (48, 32)))
    classes.square().mean().backward()
    assert net.correct.weight.grad is not None
    assert net.correct.weight.grad.abs().max() > 0
    with torch.no_grad():
        net.correct.weight.fill_(0.1)
    assert not torch.allclose(net(pictures)[0], classes)


def test_frozen_parts_keep_parameters_and_statistics() -> None:
    net = ReaderNet(channels=16, detail=8, weights="none")
    net.freeze(3)
    every = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    detail = {name for name in every if name.split(".")[0] in ("narrow", "lateral2", "mix2", "correct")}
    for what, learning in (("body", every - detail), ("detail", detail), ("all", every)):
        net.learn(what)
        net.train()
        assert {name for name, parameter in net.named_parameters() if parameter.requires_grad} == learning
        assert net.mix4.training == (what != "detail")
        assert net.mix2.training == (what != "body")
        assert not net.blocks.training


def test_the_mean_of_the_article_head_is_the_head_of_the_mean() -> None:
    net = ReaderNet(channels=16, articles=len(GARMENTS), weights="none").eval()
    pictures = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        _, _, logits, _ = net(pictures)
        deep = net.features(pictures)[-1].mean((2, 3))
        assert logits.shape == (1, len(GARMENTS), 3, 2)
        assert net.articles is not None
        expected = deep @ net.articles.weight[:, :, 0, 0].T + net.articles.bias
    torch.testing.assert_close(logits.mean((2, 3)), expected, rtol=1e-4, atol=1e-4)
