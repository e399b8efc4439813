"""Parts that the recipes of all kinds share: rates, optimisers, schedules, stages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from streetshop.lab.core.parts import Part

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Workers = Annotated[int, Field(ge=1, le=16)]
"""Parts of a batch that are computed side by side on a CPU, a thread each."""
Budget = Annotated[float, Field(gt=0)] | None


class RatePart(Part):
    """Learning rates. ``backbone``: of the pretrained part; null is the head's. ``head``: of everything else."""

    head: Annotated[float, Field(gt=0)]
    backbone: Annotated[float, Field(ge=0)] | None = None

    @property
    def of_backbone(self) -> float:
        """The backbone's rate."""
        return self.head if self.backbone is None else self.backbone


class OptimiserPart(Part):
    """How gradients become steps; the rates are the stage's.

    Attributes:
        momentum: SGD's momentum; Adam's beta1.
        weight_decay: see the task which parameters it applies to.
        clip: largest norm of the gradient; null: not clipped.
    """

    kind: Literal["sgd", "adam", "adamw"] = "adamw"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    clip: Annotated[float, Field(gt=0)] | None = None


class SchedulePart(Part):
    """How the rates change over a stage.

    Attributes:
        kind: ``constant``; ``step``: times ``factor`` every ``every`` ``unit``s; ``cosine``: down to ``final`` times
            the rate at the end of the stage, by its length or its time, whichever ends first.
        unit: ``batch`` (one step) or ``epoch``.
        warm_up: steps over which the rate rises to its value first.
    """

    kind: Literal["constant", "step", "cosine"] = "constant"
    every: Positive = 1
    unit: Literal["batch", "epoch"] = "epoch"
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    final: Share = 0.0
    warm_up: Annotated[int, Field(ge=0)] = 0


class FitPart(Part):
    """A stage without gradients: ``fit`` names what is computed from the data, in one pass."""

    name: str
    fit: str


class StagePart(Part, ABC):
    """A stage of training with gradients.

    Attributes:
        batch: examples of one step.
        frozen: the backbone's first so many layers do not learn.
        minutes, cpu_minutes: time after which the stage ends, by the clock or of the processor; null: no limit.
        patience: epochs without a better validation after which the stage ends; null: never.
    """

    name: str
    batch: Annotated[int, Field(ge=2)]
    rate: RatePart
    optimiser: OptimiserPart = OptimiserPart()
    schedule: SchedulePart = SchedulePart()
    frozen: Annotated[int, Field(ge=0)] = 0
    minutes: Budget = None
    cpu_minutes: Budget = None
    patience: Positive | None = None

    @property
    @abstractmethod
    def length(self) -> int:
        """How long the stage is, in its kind's unit: epochs, steps or photos."""


def _as_text(value: Any) -> Any:
    """A number as text: YAML reads the version 2.5 as one."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class RecipePart(Part):
    """What every recipe has.

    Attributes:
        name, version, about: of the bundle; a change of these alone continues a run.
        ema: decay of the average of the weights, per step; the average is validated and kept. Null: no average.
        minutes, cpu_minutes: time of the whole run, shared among the stages by their lengths; null: no limit.
    """

    name: str
    version: Annotated[str, BeforeValidator(_as_text)] = "1"
    about: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    minutes: Budget = None
    cpu_minutes: Budget = None

    def as_plain(self) -> dict[str, Any]:
        """The recipe with every default filled in, as plain values for YAML or JSON."""
        return self.model_dump(mode="json")
