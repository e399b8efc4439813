"""A batch split between copies of a network, a thread each: on few cores faster than threads in each operation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
Part = TypeVar("Part")
Result = TypeVar("Result")


class Replicas(Generic[Net]):
    """A network and copies of it that share its parameters, each with a thread of its own for its part of a batch.

    Where the loss is a mean over parts, :meth:`learn` computes it in each thread. Where it needs the whole batch,
    calling the replicas gives the joined outputs, detached; once these have gradients, :meth:`backward` takes them into
    the network.
    """

    def __init__(self, network: Net, count: int) -> None:
        self.networks = [network, *(twin(network) for _ in range(count - 1))]
        self._outputs: list[Tensor] = []

    def learn(self, work: Callable[[Net, Part], Result], parts: Sequence[Part]) -> list[Result]:
        """Run ``work``, which adds gradients to its network, on a part each; the gradients are averaged."""
        for network in self.networks[1:]:
            network.zero_grad(set_to_none=True)
        with ThreadPoolExecutor(len(self.networks)) as pool:
            results = list(pool.map(work, self.networks, parts))
        self._collect(mean=True)
        return results

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The outputs of all parts of the inputs, joined and detached."""
        chunks = [torch.tensor_split(part, len(self.networks)) for part in inputs]
        with ThreadPoolExecutor(len(self.networks)) as pool:
            self._outputs = list(pool.map(lambda network, *part: network(*part), self.networks, *chunks))
        return torch.cat([part.detach() for part in self._outputs]).requires_grad_()

    def backward(self, outputs: Tensor) -> None:
        """Add the gradients of the joined outputs, taken through each replica, to the network's."""
        gradients = torch.tensor_split(cast(Tensor, outputs.grad), len(self.networks))
        for network in self.networks[1:]:
            network.zero_grad(set_to_none=True)
        with ThreadPoolExecutor(len(self.networks)) as pool:
            list(pool.map(lambda made, gradient: made.backward(gradient), self._outputs, gradients))
        self._collect(mean=False)

    def _collect(self, *, mean: bool) -> None:
        for first, *others in zip(*(network.parameters() for network in self.networks), strict=True):
            for other in others:
                if other.grad is not None:
                    first.grad = other.grad if first.grad is None else first.grad + other.grad
            if mean and first.grad is not None:
                first.grad /= len(self.networks)


def twin(network: Net) -> Net:
    """A second network with the same parameters in memory, its own gradients and its own running statistics."""
    other = copy.deepcopy(network)
    for mine, shared in zip(other.parameters(), network.parameters(), strict=True):
        mine.data = shared.data
    return other
