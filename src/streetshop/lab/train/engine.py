"""The training engine: one loop for every kind of recipe, resumable to the very same state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn

from streetshop.core.errors import RunError
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.core.seeds import DROPOUT, torch_seed
from streetshop.lab.core.stopping import StopSignal
from streetshop.lab.train.parts import FitPart, StagePart
from streetshop.lab.train.schedules import rate_factor
from streetshop.lab.train.task import Length, Position, Task, Values, trained_stages

SAVE_SECONDS = 600.0
"""Time between two checkpoints within an epoch."""
LOG_EVERY: Final = 20
"""Steps whose means make one line of ``metrics.jsonl``."""
_EMA_WARM_UP: Final = 10
"""The average's decay is at most step / (step + 10), so that the first weights count little."""


@dataclass
class _Sums:
    """Sums since the last line of the log; tensors stay on the device until then."""

    values: dict[str, Tensor | float] = field(default_factory=dict)
    count: int = 0

    def add(self, values: Values) -> None:
        for key, value in values.items():
            new = value.detach() if isinstance(value, Tensor) else value
            self.values[key] = self.values[key] + new if key in self.values else new
        self.count += 1

    def means(self) -> dict[str, float]:
        return {key: float(value) / max(self.count, 1) for key, value in self.values.items()}


class Engine:
    """Trains a task in a run folder, or resumes it from the folder's checkpoint."""

    def __init__(self, task: Task[Any, Any], out: Path, place: Place) -> None:
        self.task, self.out, self.place = task, out, place
        self.recipe = task.recipe
        self.at = Position()
        self.sums = _Sums()
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=task.precision == "fp16")
        self.average: ModelEmaV3 | None = None
        self._follow()

    # --- the whole run ------------------------------------------------------------------------------------------

    def run(self) -> Position:
        """Train, or resume; returns where it ended.

        Raises:
            RunError: the checkpoint is damaged or of another network, or a loss is not finite.
            KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is written.
        """
        saved = files.read_checkpoint(self.out / files.CHECKPOINT, self.place.device)
        if saved is not None:
            self.at = Position(**saved["position"])
            self.sums = _Sums(**saved["sums"])
        if self.at.finished:
            return self.at
        self.log = files.MetricsLog(self.out, step=self.at.step if saved else -1, enabled=self.place.first)
        total = self._batches_left()
        if saved and self.place.first:
            stage = self.recipe.stages[self.at.stage].name
            say(f"resuming in stage {stage}, epoch {self.at.epoch + 1}, batch {self.at.batch}: {total} batches left")
        with (
            StopSignal(patient=self.place.world > 1) as self.stop,
            Progress("training", total, enabled=self.place.first) as self.progress,
        ):
            if saved is None and self.task.validates_at_start:
                self._validate("start", counts=False)
            for index in range(self.at.stage, len(self.recipe.stages)):
                self._stage(index, saved if saved and saved["position"]["stage"] == index else None)
                self.at.stage, self.at.epoch, self.at.batch = index + 1, 0, 0
                self.at.stale, self.at.stage_seconds, self.at.stage_cpu_seconds = 0, 0.0, 0.0
        self.at.finished = True
        self._save()
        self.log.close()
        if self.place.first:
            files.write_weights(self.out / files.LAST, self.task.judged.state_dict(), self._about())
        self.place.wait()
        return self.at

    def _batches_left(self) -> int:
        left = 0
        for index in range(self.at.stage, len(self.recipe.stages)):
            if isinstance(self.recipe.stages[index], StagePart):
                length = self.task.length(index)
                done = self.at.epoch * length.epoch + self.at.batch if index == self.at.stage else 0
                left += max(length.steps - done, 0)
        return left

    def _follow(self) -> None:
        """Average the task's network as it is built now."""
        if self.recipe.ema is None:
            self.task.judged = self.task.network
            return
        self.average = ModelEmaV3(
            self.task.network, self.recipe.ema, use_warmup=True, warmup_gamma=_EMA_WARM_UP, warmup_power=1
        )
        self.task.judged = self.average.module

    def _stage(self, index: int, saved: dict[str, Any] | None) -> None:
        stage = self.recipe.stages[index]
        if isinstance(stage, FitPart):
            self._fit(stage, saved)
            return
        built = set(self.task.network.state_dict())
        self.optimisers = self.task.begin(index, resumed=saved is not None)
        if set(self.task.network.state_dict()) != built:
            self._follow()
            # The best weights must be of the network that the recipe ends with.
            if saved is None:
                self.at.best, self.at.best_step = -math.inf, -1
        if saved is not None:
            self._restore(saved)
        length = self.task.length(index)
        for epoch in range(self.at.epoch, length.epochs):
            self.at.epoch = epoch
            self.task.begin_epoch(epoch)
            out_of_time = self._epoch(index, stage, length)
            self.at.epoch, self.at.batch = epoch + 1, 0
            if (epoch + 1) % self.task.validate_every == 0 or epoch + 1 == length.epochs or out_of_time:
                self._validate(stage.name)
            stale = stage.patience is not None and self.at.stale >= stage.patience
            if stale or out_of_time:
                self.at.epoch = length.epochs  # a resumed run must not take up the remaining epochs
            self._save()
            if stale or out_of_time:
                if self.place.first:
                    why = "no better validation" if stale else "its time is up"
                    say(f"stage {stage.name} ends after epoch {epoch + 1}: {why}")
                return

    def _fit(self, stage: FitPart, saved: dict[str, Any] | None) -> None:
        self.optimisers = {}
        if saved is not None:
            self._restore(saved)
        if self.at.epoch == 0:
            if self.place.first:
                say(f"stage {stage.name}")
            self.task.fit(stage)
            self.task.network.load_state_dict(self.task.judged.state_dict())
            self.at.epoch, self.at.step = 1, self.at.step + 1
            self._validate(stage.name)
            self._save()
        self._stop_if_asked()

    # --- one epoch ----------------------------------------------------------------------------------------------

    def _epoch(self, index: int, stage: StagePart, length: Length) -> bool:
        """Train the rest of an epoch; True when the stage's time is up."""
        at, task = self.at, self.task
        limits = self._limits(stage)
        batches = length.batches(at.epoch)
        self._start_clocks()
        saved_at = time.monotonic()
        while at.batch < batches:
            for batch in task.batches(at):
                torch.manual_seed(torch_seed(self.recipe.seed, DROPOUT, index, at.epoch, at.batch, self.place.rank))
                self._set_rates(stage, length, limits)
                self.clip = stage.optimiser.clip
                self.sums.add(task.learn(batch, at, self._update))
                at.batch += 1
                at.step += 1
                at.pictures += batch.pictures * self.place.world
                if self.average is not None:
                    self.average.update(task.network, at.step + 1)  # timm counts from 1
                if self.sums.count == LOG_EVERY or at.batch == batches:
                    self._report(stage)
                self.progress.advance(1, f"{stage.name}, epoch {at.epoch + 1} of {length.epochs}")
                self._read_clocks()
                if self._spent(limits) >= 1:
                    return True
                self._stop_if_asked()
                if at.batch == batches:
                    break  # validation comes first: a checkpoint before it would let a resumed run log it twice
                if time.monotonic() - saved_at > SAVE_SECONDS and self.place.world == 1:
                    saved_at = time.monotonic()
                    self._save()
                    self._start_clocks()
        return False

    def _update(self, loss: Tensor | Callable[[], None], optimiser: str = "all", *, step: bool = True) -> None:
        """See :class:`~streetshop.lab.train.task.Update`."""
        chosen = self.optimisers[optimiser]
        chosen.zero_grad(set_to_none=True)
        if isinstance(loss, Tensor):
            self.scaler.scale(loss).backward()
        else:
            loss()
        if self.clip is not None:
            self.scaler.unscale_(chosen)
            groups = [group["params"] for group in chosen.param_groups if group["clip"]]
            nn.utils.clip_grad_norm_([parameter for group in groups for parameter in group], self.clip)
        # Processes must agree, or their weights would differ.
        if self.place.share(float(step)):
            self.scaler.step(chosen)
            self.scaler.update()

    def _set_rates(self, stage: StagePart, length: Length, limits: tuple[float, float]) -> None:
        done = self.at.epoch * length.epoch + self.at.batch
        progress = max(done / length.steps, self._spent(limits))
        factor = rate_factor(stage.schedule, step=done, epoch=self.at.epoch, progress=progress)
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * factor

    def _start_clocks(self) -> None:
        self.clocks = time.monotonic(), time.process_time()

    def _read_clocks(self) -> None:
        """Count what was spent since the clocks were started or read."""
        wall, cpu = self.clocks
        self._start_clocks()
        self.at.seconds += self.clocks[0] - wall
        self.at.stage_seconds += self.clocks[0] - wall
        self.at.cpu_seconds += self.clocks[1] - cpu
        self.at.stage_cpu_seconds += self.clocks[1] - cpu

    def _limits(self, stage: StagePart) -> tuple[float, float]:
        """Seconds that the stage may take, by the clock and of the processor: its own, or its share of the run's."""
        share = stage.length / sum(other.length for other in trained_stages(self.recipe))

        def limit(own: float | None, whole: float | None) -> float:
            return 60 * min(math.inf if own is None else own, math.inf if whole is None else share * whole)

        return limit(stage.minutes, self.recipe.minutes), limit(stage.cpu_minutes, self.recipe.cpu_minutes)

    def _spent(self, limits: tuple[float, float]) -> float:
        """Share of the stage's time that is spent; processes agree."""
        if limits == (math.inf, math.inf):
            return 0.0
        return self.place.share(max(self.at.stage_seconds / limits[0], self.at.stage_cpu_seconds / limits[1]))

    def _stop_if_asked(self) -> None:
        if not self.place.share(float(self.stop.asked)):
            return
        self._save()
        self.log.close()
        if self.place.first:
            say(f"interrupted after {self.at.step} batches; the checkpoint is written, the same command resumes")
        self.place.wait()
        raise KeyboardInterrupt

    def _report(self, stage: StagePart) -> None:
        means = self.sums.means()
        bad = next((key for key, value in means.items() if not math.isfinite(value)), None)
        if bad is not None:
            raise RunError(
                f"{bad} became {means[bad]} at batch {self.at.step}",
                where=f"{self.recipe.name}: stage {stage.name}",
                hint="Lower the stage's rate, set optimiser.clip, or use precision: fp32; the last checkpoint is kept",
            )
        rate = next(iter(self.optimisers.values())).param_groups[0]["lr"]
        self.log.write(self.at.step, {"stage": stage.name, "epoch": self.at.epoch + 1, "rate": rate, **means})
        self.sums = _Sums()

    # --- validation and files -------------------------------------------------------------------------------------

    def _validate(self, stage: str, *, counts: bool = True) -> None:
        at = self.at
        found = self.task.validate(at)
        score = self.place.share(found.score)
        if found.text:
            spent = {"seconds": at.seconds, "cpu_seconds": at.cpu_seconds}
            self.log.write(at.step, {"stage": stage, "epoch": at.epoch, **found.values, **spent})
            if self.place.first:
                say(f"{stage}, epoch {at.epoch}: {found.text}")
        if not counts:
            return
        if math.isnan(score) or score > at.best:
            at.best = -math.inf if math.isnan(score) else score
            at.best_step, at.stale = at.step, 0
            if self.place.first:
                files.write_weights(self.out / files.BEST, self.task.judged.state_dict(), self._about(score))
        else:
            at.stale += 1

    def _about(self, score: float = math.nan) -> dict[str, str]:
        step = {"recipe": self.recipe.name, "step": str(self.at.step), "validation": f"{score:.6f}"}
        return {**step, **self.task.about()}

    def _save(self) -> None:
        if not self.place.first:
            return
        state = {
            "position": vars(self.at),
            "network": self.task.network.state_dict(),
            "average": self.average.module.state_dict() if self.average is not None else None,
            "task": self.task.state(self.at),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "scaler": self.scaler.state_dict(),
            "sums": vars(self.sums),
        }
        files.write_checkpoint(self.out / files.CHECKPOINT, state)

    def _restore(self, saved: dict[str, Any]) -> None:
        try:
            self.task.network.load_state_dict(saved["network"])
            if self.average is not None:
                self.average.module.load_state_dict(saved["average"])
            for name, optimiser in self.optimisers.items():
                optimiser.load_state_dict(saved["optimisers"][name])
            self.task.restore(saved["task"])
        except (RuntimeError, KeyError, ValueError, AttributeError) as error:
            raise RunError(
                f"the checkpoint is of another network ({str(error).splitlines()[0]})",
                where=str(self.out),
                hint="Choose another folder, or delete the checkpoint",
            ) from None
        self.scaler.load_state_dict(saved["scaler"])
