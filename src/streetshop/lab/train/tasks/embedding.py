"""Embeddings: encoders trained by metric losses on the rows of a manifest (methods 1 to 5 and ours)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from streetshop.core.errors import UsageError
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import say
from streetshop.lab.core.seeds import AUGMENT, WEIGHTS, generator, torch_seed
from streetshop.lab.nets import Streams
from streetshop.lab.nets.freezing import freeze_bottom, hold_frozen
from streetshop.lab.train import augment
from streetshop.lab.train.build import StageLoss, TrainingStep, build_miner, build_streams
from streetshop.lab.train.data import RunData
from streetshop.lab.train.plans import Planner
from streetshop.lab.train.recipe import EmbeddingRecipe
from streetshop.lab.train.schedules import frozen_layers
from streetshop.lab.train.task import (
    Length,
    Position,
    Task,
    Update,
    Validation,
    Values,
    build_optimiser,
    without_decay_of_vectors,
)
from streetshop.lab.train.vectors import encode_rows, searched_vectors, validation_score

_AHEAD: Final = 2
"""Batches that are read while the network works."""


@dataclass(frozen=True, eq=False)
class PictureBatch:
    """Pictures as they are read, what augmentation does to them, and their targets.

    Attributes:
        pixels: (b, 3, h, w) float32 from 0 to 255; ``shop`` (b,) bool; ``targets`` by name.
    """

    pixels: Tensor
    shop: Tensor
    targets: dict[str, Tensor]
    draws: augment.Draws

    @property
    def pictures(self) -> int:
        """Of the batch."""
        return len(self.pixels)


class EmbeddingTask(Task[EmbeddingRecipe, PictureBatch]):
    """Streams with a stage's losses; an epoch is a pass of the stage's sampler."""

    validates_at_start = True
    network: Streams
    judged: Streams

    def __init__(self, recipe: EmbeddingRecipe, data: RunData, place: Place) -> None:
        if recipe.precision == "fp16" and place.device.type != "cuda":
            raise UsageError("fp16 needs a GPU", where="precision: fp16", hint="Use bf16 or fp32, or --device cuda")
        self.precision, self.validate_every = recipe.precision, recipe.validation.every
        self.data = data
        pool = data.pool()
        self.planners = [
            Planner(stage.sampler, pool, batch=stage.batch, seed=recipe.seed, stage=index)
            for index, stage in enumerate(recipe.stages)
        ]
        for stage, planner in zip(recipe.stages, self.planners, strict=True):
            if planner.groups % place.world:
                raise UsageError(
                    f"stage {stage.name}: {planner.groups} cannot be shared evenly by {place.world} processes",
                    where="stages.*.batch",
                    hint="Choose a batch size that the number of processes divides",
                )
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        super().__init__(recipe, place, build_streams(recipe, data.labels.classes))
        self.network.to(memory_format=torch.channels_last)
        self.loss: StageLoss | None = None
        self.index = 0
        # The current chunk of the plan, and the epoch and the batch of it that the chunk starts with.
        self.plan: NDArray[np.int64] | None = None
        self.plan_start = (0, 0)

    def length(self, index: int) -> Length:
        """An epoch is a pass of the sampler."""
        batches = self.planners[index].batches
        return Length(self.recipe.stages[index].epochs * batches, batches)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Unshare the streams if the stage wants two, and make its losses and its optimiser."""
        stage = self.recipe.stages[index]
        if stage.streams == "two" and self.network.shared:
            self.network.unshare()
            self.network.to(memory_format=torch.channels_last)
        torch.manual_seed(torch_seed(self.recipe.seed, WEIGHTS, index))
        loss = StageLoss(self.recipe, stage, self.network.query, self.data.labels.classes).to(self.place.device)
        loss.take_over(self.loss)
        for left_out in loss.left_out if self.place.first else ():
            say(f"stage {stage.name}: no labels for {left_out}; left out")
        self.loss, self.index, self.plan = loss, index, None
        self.step = TrainingStep(self.network, loss, build_miner(stage), self.recipe.precision)
        self.frozen = -1
        encoders = self.network.encoders()
        backbone = [p for encoder in encoders for p in encoder.backbone.parameters()]
        heads = [p for encoder in encoders for p in encoder.head.parameters()]
        decay = stage.optimiser.weight_decay
        groups = [
            *without_decay_of_vectors(backbone, stage.rate.of_backbone, decay),
            *without_decay_of_vectors([*heads, *loss.parameters()], stage.rate.head, decay),
        ]
        return {"all": build_optimiser(stage.optimiser, groups)}

    def begin_epoch(self, epoch: int) -> None:
        """Freeze the layers that the stage's protocol freezes in this epoch."""
        stage = self.recipe.stages[self.index]
        unfreeze = stage.unfreeze
        wanted = frozen_layers(
            stage.frozen, unfreeze.to if unfreeze else None, unfreeze.every if unfreeze else 1, epoch
        )
        if wanted != self.frozen:
            self.frozen = wanted
            for encoder in self.network.encoders():
                freeze_bottom(encoder, wanted)
            self.wrapped = self._wrap(self.step)
        self.wrapped.train()
        self._hold()

    def _wrap(self, step: TrainingStep) -> nn.Module:
        if self.place.world == 1:
            return step
        ids = [self.place.device] if self.place.device.type == "cuda" else None
        return DistributedDataParallel(step, device_ids=ids, find_unused_parameters=True)

    def _hold(self) -> None:
        for encoder in self.network.encoders():
            hold_frozen(encoder)

    def batches(self, at: Position) -> Iterator[PictureBatch]:
        """The rest of the current chunk of the plan, on the device; a thread reads ahead."""
        rest = self._rest(at)
        if rest is None:
            rest = self.plan = self.planners[at.stage].chunk(at.epoch, at.batch, self._encode)
            self.plan_start = (at.epoch, at.batch)
        plan, epoch, first, stage, place = rest, at.epoch, at.batch, at.stage, self.place

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
                    yield PictureBatch(pixels, shop, self.data.labels.of(rows, place.device), draws)

    def _rest(self, at: Position) -> NDArray[np.int64] | None:
        """What is left of the current chunk; None where the next one must be planned."""
        epoch, start = self.plan_start
        if self.plan is None or epoch != at.epoch or at.batch >= start + len(self.plan):
            return None
        return self.plan[at.batch - start :]

    def _encode(self, rows: NDArray[np.int64]) -> Tensor:
        vectors = encode_rows(self.network, self.data.pictures, rows, self.data.shop, self.place)
        self._hold()
        return vectors

    def learn(self, batch: PictureBatch, at: Position, update: Update) -> Values:
        """Augment, encode, mine, add up the stage's losses."""
        pixels = augment.apply(batch.pixels, batch.draws, self.recipe.input.background)
        total, parts, triplets = self.wrapped(pixels, batch.shop, batch.targets)
        update(total)
        values: Values = {"loss/total": total, **{f"loss/{name}": value for name, value in parts.items()}}
        return values if self.step.miner is None else {**values, "triplets": float(triplets)}

    def validate(self, at: Position) -> Validation:
        """Mean average precision on the validation rows, see :func:`validation_score`."""
        rows, data = self.data.val, self.data
        score, queries = math.nan, 0
        if len(rows):
            vectors = encode_rows(self.judged, data.pictures, rows, data.shop, self.place)
            colours = None if data.pictures.colours is None else data.pictures.colours[rows]
            if self.place.first:
                score, queries = validation_score(
                    self.recipe.validation, searched_vectors(self.recipe, vectors, colours), data.manifest.take(rows)
                )
        name = f"map@{self.recipe.validation.k}"
        text = f"{name} {score:.4f} of {queries} queries" if queries else "no validation rows with a match"
        return Validation(score, text, {f"val/{name}": score, "queries": queries})

    def state(self, at: Position) -> dict[str, Any]:
        """The losses' parameters, and what is left of the current chunk of the plan."""
        rest = self._rest(at)
        plan = None if rest is None else torch.from_numpy(rest.copy())
        return {"loss": self.loss.state_dict() if self.loss else {}, "plan": plan, "at": [at.epoch, at.batch]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :meth:`state`."""
        if self.loss is not None:
            self.loss.load_state_dict(state["loss"])
        self.plan = None if state["plan"] is None else state["plan"].cpu().numpy()
        epoch, batch = state["at"]
        self.plan_start = (epoch, batch)

    def about(self) -> dict[str, str]:
        """Whether the streams are shared."""
        return {"streams": "one" if self.network.shared else "two"}
