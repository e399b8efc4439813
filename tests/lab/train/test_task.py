"""Parameter groups and optimisers, against their update rules in loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from streetshop.lab.train.parts import OptimiserPart
from streetshop.lab.train.task import Length, build_optimiser, group, without_decay_of_vectors

pytestmark = pytest.mark.lab

GRADIENTS = (1.0, -2.0, 0.5, 3.0)


def walk(part: OptimiserPart) -> list[float]:
    """A number that starts at 1, after each of the gradients, at rate 0.1."""
    parameter = nn.Parameter(torch.ones(1, 1, dtype=torch.float64))
    optimiser = build_optimiser(part, [group([parameter], 0.1, part.weight_decay)])
    found = []
    for gradient in GRADIENTS:
        parameter.grad = torch.full_like(parameter, gradient)
        optimiser.step()
        found.append(parameter.item())
    return found


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_sgd_has_the_recipes_momentum(momentum: float) -> None:
    value, speed, wanted = 1.0, 0.0, []
    for gradient in GRADIENTS:
        speed = momentum * speed + gradient
        value -= 0.1 * speed
        wanted.append(value)
    assert walk(OptimiserPart(kind="sgd", momentum=momentum)) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_adam_takes_the_momentum_for_beta1(kind: str, beta: float) -> None:
    """Adam adds decay to the gradient, AdamW takes it off the value."""
    decay = 0.2
    value, mean, square, wanted = 1.0, 0.0, 0.0, []
    for step, given in enumerate(GRADIENTS, 1):
        gradient = given + decay * value if kind == "adam" else given
        value *= 1 - 0.1 * decay if kind == "adamw" else 1
        mean, square = beta * mean + (1 - beta) * gradient, 0.999 * square + 0.001 * gradient**2
        value -= 0.1 * mean / (1 - beta**step) / (math.sqrt(square / (1 - 0.999**step)) + 1e-8)
        wanted.append(value)
    part = OptimiserPart.model_validate({"kind": kind, "momentum": beta, "weight_decay": decay})
    assert walk(part) == pytest.approx(wanted)


def test_vectors_are_not_decayed() -> None:
    """A step without gradients moves by decay alone: matrices shrink, biases and scales of batch norms stay."""
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1)
    groups = list(without_decay_of_vectors(list(net.parameters()), 0.5, 0.2))
    assert [one["weight_decay"] for one in groups] == [0.2, 0.0]
    optimiser = build_optimiser(OptimiserPart(kind="adamw", weight_decay=0.2), groups)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    torch.testing.assert_close(net[0].weight.detach(), torch.full((2, 3), 1 - 0.5 * 0.2))
    assert all(torch.equal(p.detach(), torch.ones(2)) for p in (net[0].bias, *net[1].parameters()))
    assert list(without_decay_of_vectors([], 0.5, 0.2)) == []


@pytest.mark.parametrize(("steps", "epoch", "batches"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 3, [2])])
def test_the_last_epoch_may_be_shorter(steps: int, epoch: int, batches: list[int]) -> None:
    length = Length(steps, epoch)
    assert [length.batches(number) for number in range(length.epochs)] == batches
