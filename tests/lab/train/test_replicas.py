"""Replicas of a network against the network itself."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from streetshop.lab.nets.taps import Upper
from streetshop.lab.train.replicas import Replicas

pytestmark = pytest.mark.lab


def test_replicas_learn_what_one_network_would() -> None:
    torch.manual_seed(0)
    one = Upper(weights="none").eval()
    two = deepcopy(one)
    middle, cover = torch.randn(5, 112, 14, 14), torch.rand(5, 1, 14, 14)
    found = one(middle, cover)
    (found**2).sum().backward()
    replicas = Replicas(two, 2)
    for _ in range(2):  # a second time: nothing of the first must be left in a replica
        two.zero_grad()
        answers = replicas(middle, cover)
        assert torch.allclose(answers, found, atol=1e-5)
        (answers**2).sum().backward()
        replicas.backward(answers)
        for a, b in zip(one.parameters(), two.parameters(), strict=True):
            assert a.grad is not None
            assert b.grad is not None
            assert torch.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-4 * float(a.grad.abs().max() + 1e-6))


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
