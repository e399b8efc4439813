"""The smallest task: a linear layer that the engine trains in milliseconds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from streetshop.lab.core.devices import Place
from streetshop.lab.train.engine import Engine
from streetshop.lab.train.parts import FitPart, RecipePart, StagePart
from streetshop.lab.train.task import Length, Position, Task, Update, Validation, Values, build_optimiser, group

CPU = Place(torch.device("cpu"))
EPOCH = 3


class ToyStage(StagePart):
    """``loss``: how strongly the loss pulls; ``grow``: the stage gives the network a second layer."""

    steps: int
    loss: float = 1.0
    grow: bool = False

    @property
    def length(self) -> int:
        """Steps."""
        return self.steps


class ToyFit(FitPart):
    """Doubles the weights."""

    fit: Literal["double"] = "double"


class ToyRecipe(RecipePart):
    """Stages of a :class:`Toy`."""

    stages: tuple[ToyStage | ToyFit, ...]


def stage(steps: int, **more: Any) -> dict[str, Any]:
    """A stage's values: SGD at rate 0.1."""
    return {
        "name": f"of {steps}",
        "batch": 2,
        "rate": {"head": 0.1},
        "optimiser": {"kind": "sgd"},
        "steps": steps,
    } | more


def recipe_of(*stages: Mapping[str, Any], **more: Any) -> ToyRecipe:
    """A recipe of these stages."""
    return ToyRecipe.model_validate({"name": "toy", "stages": stages, **more})


@dataclass(frozen=True)
class ToyBatch:
    """Inputs (2, 2)."""

    inputs: torch.Tensor
    pictures: int = 2


class ToyNet(nn.Module):
    """A linear layer behind a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 1)
        self.dropout = nn.Dropout(0.5)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[1.0, -2.0]]))
            self.first.bias.fill_(0.5)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.first(self.dropout(inputs))


class Toy(Task[ToyRecipe, ToyBatch]):
    """Learns by a loss on random inputs.

    Attributes:
        scores: of the validations, by the steps done; all others are very bad.
        happened: called with the name of each call of the engine; an exception from it ends the run there.
        steps: (stage, epoch, batch, rate, seed, weights before) of each step.
    """

    validates_at_start = True

    def __init__(
        self,
        recipe: ToyRecipe,
        scores: Mapping[int, float] | None = None,
        happened: Callable[[str], None] = lambda name: None,
    ) -> None:
        super().__init__(recipe, CPU, ToyNet())
        self.scores, self.happened = scores or {}, happened
        self.steps: list[tuple[int, int, int, float, int, torch.Tensor]] = []
        self.memory = 0.0

    def length(self, index: int) -> Length:
        return Length(self.recipe.stages[index].length, EPOCH)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        self.happened("begin")
        chosen = self.recipe.stages[index]
        if chosen.grow and not hasattr(self.network, "second"):
            self.network.second = nn.Linear(1, 1)
            nn.init.ones_(self.network.second.weight)
            nn.init.zeros_(self.network.second.bias)
        self.pull = chosen.loss
        weights = [group([self.network.first.weight], chosen.rate.head, chosen.optimiser.weight_decay)]
        others = [p for name, p in self.network.named_parameters() if name != "first.weight"]
        self.optimiser = build_optimiser(
            chosen.optimiser, [*weights, group(others, chosen.rate.of_backbone, 0.0, clip=False)]
        )
        return {"all": self.optimiser}

    def begin_epoch(self, epoch: int) -> None:
        self.happened("begin_epoch")
        super().begin_epoch(epoch)

    def batches(self, at: Position) -> Iterator[ToyBatch]:
        self.happened("batches")
        for number in range(at.batch, self.length(at.stage).batches(at.epoch)):
            seed = 10_000 * at.stage + 100 * at.epoch + number
            yield ToyBatch(torch.randn(2, 2, generator=torch.Generator().manual_seed(seed)))

    def learn(self, batch: ToyBatch, at: Position, update: Update) -> Values:
        self.happened("learn")
        before = self.network.first.weight.detach().clone()
        rate = self.optimiser.param_groups[0]["lr"]
        self.steps.append((at.stage, at.epoch, at.batch, rate, torch.initial_seed(), before))
        loss = self.pull * self.network(batch.inputs).sum()
        update(loss)
        self.memory += float(loss.detach())
        self.happened("learned")
        return {"loss/total": loss, "memory": self.memory}

    def fit(self, stage: FitPart) -> None:
        self.happened("fit")
        with torch.no_grad():
            self.judged.first.weight.mul_(2)

    def validate(self, at: Position) -> Validation:
        self.happened("validate")
        score = self.scores.get(at.step, -1e9)
        return Validation(score, f"{score}", {"val/score": score if math.isfinite(score) else None})

    def state(self, at: Position) -> dict[str, Any]:
        self.happened("state")
        return {"memory": self.memory}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.happened("restore")
        self.memory = state["memory"]


def run(task: Toy, folder: Path) -> Position:
    """Train the task in a folder."""
    folder.mkdir(exist_ok=True)
    return Engine(task, folder, CPU).run()


def lines(folder: Path) -> list[dict[str, Any]]:
    """``metrics.jsonl`` without times."""
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if "seconds" not in key} for line in found]


def column(found: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Values of the lines that have it."""
    return [line[name] for line in found if name in line]
