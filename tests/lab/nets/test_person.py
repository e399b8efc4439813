"""Method 3's networks for persons."""

from __future__ import annotations

import pytest
import torch

from streetshop.lab.nets.person import PoseNet, ViewClassifier

pytestmark = pytest.mark.lab


def test_pose_maps_have_a_quarter_of_the_sides() -> None:
    net = PoseNet("resnet18", channels=16, size=(64, 32)).eval()
    assert net(torch.zeros(2, 3, 64, 32)).shape == (2, 17, 16, 8)
    two = PoseNet("resnet18", layers=2, channels=16, size=(64, 32)).eval()
    assert two(torch.zeros(1, 3, 64, 32)).shape == (1, 17, 8, 4)


def test_pixels_are_scaled_as_the_backbone_wants_them() -> None:
    net = ViewClassifier("resnet18", 5, size=(64, 64)).eval()
    pixels = torch.rand(2, 3, 64, 64) * 255
    mean, std = net.backbone.scale.mean, net.backbone.scale.std
    scaled = (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    expected = net.classes(net.backbone(scaled).mean((2, 3)))
    assert torch.allclose(net(pixels), expected, atol=1e-5)
    assert expected.shape == (2, 5)
