"""The training loop of an encoder: plain PyTorch, resumable to the very same state."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.core.seeds import AUGMENT, DROPOUT, WEIGHTS, generator, torch_seed
from streetshop.lab.nets.freezing import freeze_bottom, hold_frozen
from streetshop.lab.train import augment
from streetshop.lab.train.build import StageLoss, TrainingStep, build_miner, build_optimiser, build_streams
from streetshop.lab.train.data import RunData
from streetshop.lab.train.plans import Planner
from streetshop.lab.train.recipe import EmbeddingRecipe, StagePart
from streetshop.lab.train.schedules import frozen_layers, rate_factor
from streetshop.lab.train.vectors import encode_rows, searched_vectors, validation_score

SAVE_SECONDS = 600.0
"""A long epoch is saved in its midst this often."""

LOG_EVERY = 20
"""Batches whose mean losses make one line of ``metrics.jsonl``."""

_AHEAD = 2
"""Batches that are read while the network works."""


@dataclass
class Position:
    """Where a run is. ``batch`` is the next one of the epoch, ``step`` the number of batches done in all, ``pictures``
    of pictures learned from. ``seconds`` are of the clock, ``cpu_seconds`` of this process on all its threads.
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


@dataclass
class _Sums:
    """Losses since the last line of the log, kept on the device until then."""

    values: dict[str, Tensor] = field(default_factory=dict)
    triplets: int = 0
    count: int = 0

    def add(self, parts: dict[str, Tensor], triplets: int) -> None:
        for key, value in parts.items():
            self.values[key] = self.values[key] + value.detach() if key in self.values else value.detach().clone()
        self.triplets += triplets
        self.count += 1

    def means(self) -> dict[str, float]:
        return {f"loss/{key}": float(value) / max(self.count, 1) for key, value in self.values.items()}


class Loop:
    """Trains a recipe's encoder on a run's data, in a run folder."""

    def __init__(self, recipe: EmbeddingRecipe, data: RunData, out: Path, place: Place) -> None:
        if recipe.precision == "fp16" and place.device.type != "cuda":
            raise UsageError("fp16 needs a GPU", where="precision: fp16", hint="Use bf16 or fp32, or --device cuda")
        self.recipe, self.data, self.out, self.place = recipe, data, out, place
        pool = data.pool()
        self.planners = [
            Planner(stage.sampler, pool, seed=recipe.seed, stage=index) for index, stage in enumerate(recipe.stages)
        ]
        for stage, planner in zip(recipe.stages, self.planners, strict=True):
            if planner.groups % place.world:
                raise UsageError(
                    f"stage {stage.name}: {planner.groups} cannot be shared evenly by {place.world} processes",
                    where="stages.*.sampler",
                    hint="Choose a batch size that the number of processes divides",
                )
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        self.streams = build_streams(recipe, data.labels.classes).to(place.device)
        self.streams.to(memory_format=torch.channels_last)
        self.loss: StageLoss | None = None
        self.at = Position()
        self.sums = _Sums()
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=recipe.precision == "fp16")

    # --- the whole run ------------------------------------------------------------------------------------------

    def run(self) -> Position:
        """Train, or go on where the checkpoint says; returns where it ended."""
        saved = files.read_checkpoint(self.out / files.CHECKPOINT, self.place.device)
        self._restore(saved)
        if self.at.finished:
            return self.at
        self.log = files.MetricsLog(self.out, step=self.at.step if saved else -1, enabled=self.place.first)
        total = self._batches_left()
        if saved and self.place.first:
            stage = self.recipe.stages[self.at.stage].name
            say(f"resuming in stage {stage}, epoch {self.at.epoch + 1}, batch {self.at.batch}: {total} batches left")
        with Progress("training", total, enabled=self.place.first) as self.progress:
            if saved is None:
                self._validate("start")
            for index in range(self.at.stage, len(self.recipe.stages)):
                self._stage(index, saved if saved and saved["position"]["stage"] == index else None)
                self.at.stage, self.at.epoch, self.at.batch = index + 1, 0, 0
                self.at.stale, self.at.stage_seconds, self.at.stage_cpu_seconds = 0, 0.0, 0.0
        self.at.finished = True
        self._save(None, None)
        self.log.close()
        if self.place.first:
            files.write_weights(self.out / files.LAST, self.streams.state_dict(), self._about())
        self.place.wait()
        return self.at

    def _batches_left(self) -> int:
        left = 0
        for index in range(self.at.stage, len(self.recipe.stages)):
            done = self.at.epoch * self.planners[index].batches + self.at.batch if index == self.at.stage else 0
            left += self.recipe.stages[index].epochs * self.planners[index].batches - done
        return left

    def _stage(self, index: int, saved: dict[str, Any] | None) -> None:
        stage, planner = self.recipe.stages[index], self.planners[index]
        if stage.streams == "two" and self.streams.shared:
            self.streams.unshare()
            # The best weights must be of the network that the recipe ends with: of both streams.
            self.at.best, self.at.best_step = -math.inf, -1
        torch.manual_seed(torch_seed(self.recipe.seed, WEIGHTS, index))
        loss = StageLoss(self.recipe, stage, self.streams.query, self.data.labels.classes).to(self.place.device)
        loss.take_over(self.loss)
        self.loss = loss
        for left_out in loss.left_out if self.place.first else ():
            say(f"stage {stage.name}: no labels for {left_out}; left out")
        self.optimiser = build_optimiser(stage.optimiser, *self._parameters())
        if saved is not None:
            loss.load_state_dict(saved["loss"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.scaler.load_state_dict(saved["scaler"])
        step = TrainingStep(self.streams, loss, build_miner(stage), self.recipe.precision)
        plan = saved.get("plan") if saved is not None else None
        frozen = -1
        for epoch in range(self.at.epoch, stage.epochs):
            unfreeze = stage.unfreeze
            wanted = frozen_layers(
                stage.frozen, unfreeze.to if unfreeze else None, unfreeze.every if unfreeze else 1, epoch
            )
            if wanted != frozen:
                frozen = wanted
                for encoder in self.streams.encoders():
                    freeze_bottom(encoder, frozen)
                wrapped = self._wrap(step)
            self.at.epoch = epoch
            out_of_time = self._epoch(index, stage, planner, wrapped, plan)
            plan = None
            self.at.epoch, self.at.batch = epoch + 1, 0
            if (epoch + 1) % self.recipe.validation.every == 0 or epoch + 1 == stage.epochs or out_of_time:
                self._validate(stage.name)
            tired = stage.patience is not None and self.at.stale >= stage.patience
            if tired or out_of_time:
                # The stage is over: a resumed run must not take up its remaining epochs.
                self.at.epoch = stage.epochs
            self._save(None, stage)
            if tired or out_of_time:
                if self.place.first:
                    why = "no better validation" if tired else "its time is up"
                    say(f"stage {stage.name} ends after epoch {epoch + 1}: {why}")
                return

    def _wrap(self, step: TrainingStep) -> nn.Module:
        if self.place.world == 1:
            return step
        ids = [self.place.device] if self.place.device.type == "cuda" else None
        return DistributedDataParallel(step, device_ids=ids, find_unused_parameters=True)

    def _parameters(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        backbone = [p for encoder in self.streams.encoders() for p in encoder.backbone.parameters()]
        heads = [p for encoder in self.streams.encoders() for p in encoder.head.parameters()]
        return backbone, heads + (list(self.loss.parameters()) if self.loss else [])

    # --- one epoch ----------------------------------------------------------------------------------------------

    def _epoch(self, index: int, stage: StagePart, planner: Planner, step: nn.Module, plan: Tensor | None) -> bool:
        """Train the rest of an epoch; True when the stage's time is up."""
        self.streams.train()
        step.train()
        for encoder in self.streams.encoders():
            hold_frozen(encoder)
        self._start_clocks()
        saved_at = time.monotonic()
        while self.at.batch < planner.batches:
            rows = plan.numpy() if plan is not None else planner.chunk(self.at.epoch, self.at.batch, self._encode)
            plan = None
            for done, (pixels, shop, targets, draws) in enumerate(self._batches(rows, index), 1):
                torch.manual_seed(
                    torch_seed(self.recipe.seed, DROPOUT, index, self.at.epoch, self.at.batch, self.place.rank)
                )
                pixels = augment.apply(pixels, draws, self.recipe.input.background)
                parts, triplets = self._learn(stage, planner, step, pixels, shop, targets)
                self.sums.add(parts, triplets)
                self.at.batch += 1
                self.at.step += 1
                self.at.pictures += len(pixels) * self.place.world
                if self.sums.count == LOG_EVERY or self.at.batch == planner.batches:
                    self._report(stage, self.sums)
                    self.sums = _Sums()
                self.progress.advance(1, f"{stage.name} epoch {self.at.epoch + 1}/{stage.epochs}")
                self._read_clocks()
                if self._time_is_up(stage):
                    return True
                if time.monotonic() - saved_at > SAVE_SECONDS and self.place.world == 1:
                    saved_at = time.monotonic()
                    self._save(torch.from_numpy(rows[done:]) if done < len(rows) else None, stage)
                    self._start_clocks()
        return False

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

    def _time_is_up(self, stage: StagePart) -> bool:
        """Whether the stage has spent its share, by epochs, of the recipe's time; processes agree."""
        recipe, at = self.recipe, self.at
        if recipe.minutes is None and recipe.cpu_minutes is None:
            return False
        share = 60 * stage.epochs / sum(other.epochs for other in recipe.stages)
        up = recipe.minutes is not None and at.stage_seconds > share * recipe.minutes
        up |= recipe.cpu_minutes is not None and at.stage_cpu_seconds > share * recipe.cpu_minutes
        return self._agree(up)

    def _agree(self, flag: bool) -> bool:
        return bool(self.place.share(float(flag)))

    def _encode(self, rows: NDArray[np.int64]) -> Tensor:
        vectors = encode_rows(self.streams, self.data.pictures, rows, self.data.shop, self.place)
        for encoder in self.streams.encoders():
            hold_frozen(encoder)
        return vectors

    def _batches(
        self, plan: NDArray[np.int64], stage: int
    ) -> Iterator[tuple[Tensor, Tensor, dict[str, Tensor], augment.Draws]]:
        """The plan's batches on the device; a thread reads ahead."""
        epoch, first = self.at.epoch, self.at.batch
        place = self.place

        def read(offset: int) -> tuple[Tensor, NDArray[np.int64], augment.Draws]:
            rows = plan[offset, place.rank :: place.world].reshape(-1)
            rng = generator(self.recipe.seed, AUGMENT, stage, epoch, first + offset, place.rank)
            raw = torch.from_numpy(self.data.pictures.pixels[rows])
            draws = augment.draw(self.recipe.augment, self.data.shop[rows], rng)
            return raw.pin_memory() if place.device.type == "cuda" else raw, rows, draws

        with ThreadPoolExecutor(1) as reader:
            waiting: deque[Future[tuple[Tensor, NDArray[np.int64], augment.Draws]]] = deque()
            for offset in range(len(plan) + _AHEAD):
                if offset < len(plan):
                    waiting.append(reader.submit(read, offset))
                if offset >= _AHEAD:
                    raw, rows, draws = waiting.popleft().result()
                    pixels = raw.to(place.device, non_blocking=True).permute(0, 3, 1, 2).float()
                    shop = torch.from_numpy(self.data.shop[rows]).to(place.device)
                    yield pixels, shop, self.data.labels.of(rows, place.device), draws

    def _learn(
        self,
        stage: StagePart,
        planner: Planner,
        step: nn.Module,
        pixels: Tensor,
        shop: Tensor,
        targets: dict[str, Tensor],
    ) -> tuple[dict[str, Tensor], int]:
        done = self.at.epoch * planner.batches + self.at.batch
        factor = rate_factor(stage.schedule, batch=done, epoch=self.at.epoch, batches=stage.epochs * planner.batches)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * factor
        total, parts, triplets = step(pixels, shop, targets)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(total).backward()
        if stage.optimiser.clip is not None:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(
                [p for g in self.optimiser.param_groups for p in g["params"]], stage.optimiser.clip
            )
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return {"total": total, **parts}, triplets

    def _report(self, stage: StagePart, sums: _Sums) -> None:
        means = sums.means()
        if not all(math.isfinite(value) for value in means.values()):
            bad = next(key for key, value in means.items() if not math.isfinite(value))
            raise RunError(
                f"{bad} became {means[bad]} at batch {self.at.step}",
                where=f"{self.recipe.name}: stage {stage.name}",
                hint="Lower optimiser.rate, set optimiser.clip, or use precision: fp32; the last checkpoint is kept",
            )
        values: dict[str, Any] = {
            "stage": stage.name,
            "epoch": self.at.epoch + 1,
            "rate": self.optimiser.param_groups[0]["lr"],
            **means,
        }
        if stage.miner is not None:
            values["triplets"] = sums.triplets / max(sums.count, 1)
        self.log.write(self.at.step, values)

    # --- validation and files -------------------------------------------------------------------------------------

    def _validate(self, stage: str) -> None:
        rows, data = self.data.val, self.data
        score, queries = math.nan, 0
        if len(rows):
            vectors = encode_rows(self.streams, data.pictures, rows, data.shop, self.place)
            colours = None if data.pictures.colours is None else data.pictures.colours[rows]
            if self.place.first:
                score, queries = validation_score(
                    self.recipe.validation,
                    searched_vectors(self.recipe, vectors, colours),
                    data.manifest.take(rows),
                )
        score = self.place.share(score)
        name = f"map@{self.recipe.validation.k}"
        self.log.write(
            self.at.step,
            {
                "stage": stage,
                "epoch": self.at.epoch,
                f"val/{name}": score,
                "queries": queries,
                "seconds": self.at.seconds,
                "cpu_seconds": self.at.cpu_seconds,
            },
        )
        if self.place.first:
            words = f"{name} {score:.4f} of {queries} queries" if queries else "no validation rows with a match"
            say(f"{stage}, epoch {self.at.epoch}: {words}")
        if stage == "start":
            return
        if math.isnan(score) or score > self.at.best:
            self.at.best = -math.inf if math.isnan(score) else score
            self.at.best_step, self.at.stale = self.at.step, 0
            if self.place.first:
                files.write_weights(self.out / files.BEST, self.streams.state_dict(), self._about(score))
        else:
            self.at.stale += 1

    def _about(self, score: float = math.nan) -> dict[str, str]:
        return {
            "recipe": self.recipe.name,
            "streams": "one" if self.streams.shared else "two",
            "step": str(self.at.step),
            "validation": f"{score:.6f}",
        }

    def _save(self, plan: Tensor | None, stage: StagePart | None) -> None:
        """Write the checkpoint; ``plan``: what is left of the current chunk, in the midst of an epoch."""
        if not self.place.first:
            return
        state = {
            "position": vars(self.at),
            "streams": self.streams.state_dict(),
            "two": not self.streams.shared,
            "loss": self.loss.state_dict() if self.loss else {},
            "optimiser": self.optimiser.state_dict() if stage else {},
            "scaler": self.scaler.state_dict(),
            "plan": plan,
            "sums": vars(self.sums),
        }
        files.write_checkpoint(self.out / files.CHECKPOINT, state)

    def _restore(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        self.at = Position(**saved["position"])
        self.sums = _Sums(**saved["sums"])
        if saved["two"]:
            self.streams.unshare()
            self.streams.to(memory_format=torch.channels_last)
        self.streams.load_state_dict(saved["streams"])
