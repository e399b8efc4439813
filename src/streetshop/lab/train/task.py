"""What the engine trains: a task gives networks, parameter groups, batches, the losses of a step and the validation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from streetshop.lab.core.devices import Place
from streetshop.lab.train.parts import FitPart, OptimiserPart, RecipePart, StagePart

Values = dict[str, Tensor | float]
"""Losses and other numbers of a step, by the name under which their means are logged."""


class Update(Protocol):
    """The engine's optimiser step: gradients to zero, backward, clip, step."""

    def __call__(self, loss: Tensor | Callable[[], None], optimiser: str = "all", *, step: bool = True) -> None:
        """Take a step.

        Args:
            loss: what is differentiated, or a function that adds the gradients itself.
            optimiser: its name.
            step: False computes the gradients and drops them.
        """
        ...


class Batch(Protocol):
    """Examples of one step, on the device."""

    @property
    def pictures(self) -> int:
        """How many pictures this process learns from."""
        ...


@dataclass
class Position:
    """Where a run is.

    Attributes:
        stage, epoch, batch: the next one of each.
        step: batches done in all; ``pictures``: learned from in all.
        best, best_step: the best validation and when it was; ``stale``: validations since.
        seconds, cpu_seconds: of training, by the clock and of this process on all its threads; ``stage_...``: of the
            stage.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float = -math.inf
    best_step: int = -1
    stale: int = 0
    pictures: int = 0
    seconds: float = 0.0
    stage_seconds: float = 0.0
    cpu_seconds: float = 0.0
    stage_cpu_seconds: float = 0.0
    finished: bool = False


@dataclass(frozen=True)
class Length:
    """Steps of a stage in all, and from one validation to the next (an epoch)."""

    steps: int
    epoch: int

    @property
    def epochs(self) -> int:
        """Epochs, the last of which may be shorter."""
        return -(-self.steps // self.epoch)

    def batches(self, epoch: int) -> int:
        """Steps of an epoch."""
        return min(self.epoch, self.steps - epoch * self.epoch)


@dataclass(frozen=True)
class Validation:
    """How good the network is: ``score`` is better when higher, NaN without anything to validate on.

    ``text`` is shown, ``values`` are logged.
    """

    score: float = math.nan
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


R = TypeVar("R", bound=RecipePart)
B = TypeVar("B", bound=Batch)


class Task(Generic[R, B]):
    """Base of the tasks. A task whose stages have no gradients only needs :meth:`fit`.

    Attributes:
        recipe, place: what is trained by, and where.
        network: whose weights the run keeps.
        judged: the network that is validated and kept: the averaged one where the recipe has ``ema``.
    """

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda", "ddp")
    validates_at_start: ClassVar[bool] = False
    validate_every: int = 1
    precision: str = "fp32"

    def __init__(self, recipe: R, place: Place, network: nn.Module) -> None:
        self.recipe, self.place = recipe, place
        self.network = self.judged = network.to(place.device)

    def length(self, index: int) -> Length:
        """Of a stage with gradients."""
        raise NotImplementedError

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Prepare stage ``index``; returns its optimisers by name. ``resumed``: :meth:`restore` follows."""
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch of the current stage, its number counted from 0; the network is in training mode then."""
        self.network.train()

    def batches(self, at: Position) -> Iterator[B]:
        """Batches from ``at`` on, until the epoch ends or earlier; called again for the rest."""
        raise NotImplementedError

    def learn(self, batch: B, at: Position, update: Update) -> Values:
        """One step: compute losses, call ``update``, return what is logged."""
        raise NotImplementedError

    def fit(self, stage: FitPart) -> None:
        """Do a stage without gradients, on :attr:`judged`."""
        raise NotImplementedError(stage.fit)

    def validate(self, at: Position) -> Validation:
        """Judge :attr:`judged`; called in all processes."""
        return Validation()

    def state(self, at: Position) -> dict[str, Any]:
        """What a checkpoint holds beside the network and the optimisers, in tensors and plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state of :meth:`state`."""

    def about(self) -> dict[str, str]:
        """Metadata of the weights' files."""
        return {}


def group(parameters: Iterable[nn.Parameter], rate: float, decay: float, *, clip: bool = True) -> dict[str, Any]:
    """A parameter group; ``base`` is the rate that the schedule multiplies."""
    return {"params": list(parameters), "lr": rate, "base": rate, "weight_decay": decay, "clip": clip}


def without_decay_of_vectors(parameters: Sequence[nn.Parameter], rate: float, decay: float) -> Iterator[dict[str, Any]]:
    """Two groups: one-dimensional parameters (of batch norms, biases) are not decayed."""
    for share, chosen in (
        (decay, [p for p in parameters if p.ndim > 1]),
        (0.0, [p for p in parameters if p.ndim <= 1]),
    ):
        if chosen:
            yield group(chosen, rate, share)


def build_optimiser(part: OptimiserPart, groups: Iterable[dict[str, Any]]) -> torch.optim.Optimizer:
    """The optimiser of a stage over parameter groups."""
    groups = list(groups)
    if part.kind == "sgd":
        return torch.optim.SGD(groups, lr=groups[0]["lr"], momentum=part.momentum)
    kind = torch.optim.Adam if part.kind == "adam" else torch.optim.AdamW
    return kind(groups, betas=(part.momentum, 0.999))


def trained_stages(recipe: Any) -> list[StagePart]:
    """The stages with gradients."""
    return [stage for stage in recipe.stages if isinstance(stage, StagePart)]
