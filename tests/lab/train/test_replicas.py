"""Replicas of a network against the network itself."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from streetshop.lab.train.replicas import Replicas

pytestmark = pytest.mark.lab


def test_gradients_of_parts_are_averaged() -> None:
    torch.manual_seed(0)
    one = nn.Linear(3, 2)
    two = deepcopy(one)
    parts = [torch.randn(4, 3), torch.randn(4, 3)]
    torch.stack([(one(part) ** 2).mean() for part in parts]).mean().backward()

    def work(net: nn.Linear, part: torch.Tensor) -> float:
        loss = (net(part) ** 2).mean()
        loss.backward()
        return float(loss)

    replicas = Replicas(two, 2)
    for _ in range(2):
        two.zero_grad()
        assert len(replicas.learn(work, parts)) == 2
        torch.testing.assert_close(two.weight.grad, one.weight.grad)
