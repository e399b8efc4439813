"""Learning rates as a function of the place in a stage; nothing to save, nothing to restore."""

from __future__ import annotations

import math

from streetshop.lab.train.parts import SchedulePart


def rate_factor(schedule: SchedulePart, *, step: int, epoch: int, progress: float) -> float:
    """What the rate is multiplied by.

    Args:
        schedule: the stage's.
        step: steps done in this stage.
        epoch: epochs done in this stage.
        progress: share of the stage that is over, by its length or its time.
    """
    factor = 1.0
    if schedule.kind == "step":
        done = step if schedule.unit == "batch" else epoch
        factor = schedule.factor ** (done // schedule.every)
    elif schedule.kind == "cosine":
        factor = schedule.final + (1 - schedule.final) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    if step < schedule.warm_up:
        factor *= (step + 1) / schedule.warm_up
    return factor


def frozen_layers(frozen: int, unfreeze_to: int | None, unfreeze_every: int, epoch: int) -> int:
    """How many bottom layers are frozen in epoch ``epoch`` (from 0) of a stage that starts with ``frozen``."""
    if unfreeze_to is None:
        return frozen
    return max(unfreeze_to, frozen - epoch // unfreeze_every)
