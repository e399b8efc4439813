"""Training the reader: resumable, on a CPU or a GPU."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from streetshop.core.errors import RunError
from streetshop.lab.core import files
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.classes import CLASSES, IGNORE
from streetshop.lab.data.labelled_photos import LabelledPhoto
from streetshop.lab.evaluate.dense import Confusion
from streetshop.lab.losses.dense import class_loss, heatmaps, keypoint_loss
from streetshop.lab.nets.backbones import TF_SCALE
from streetshop.lab.nets.reader import STRIDE, ReaderNet, enlarge
from streetshop.lab.train.replicas import twin
from streetshop.lab.train.tasks.reader.composites import Wardrobe
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe, Stage
from streetshop.lab.train.tasks.reader.views import LABEL_STEP, View, draw_view, plain_ground, relight, whole_view

SAVE_EVERY: Final = 1000
"""Photos between two checkpoints, each with a look at the validation photos."""
_SIGMA: Final = 1.6
_REPEAT_BELOW: Final = 0.3
_REPEAT_MOST: Final = 4.0
_SOURCES: Final = ("labelled", "tagged", "single")


@dataclass(frozen=True, eq=False)
class Batch:
    """What one worker computes on: (b, 3, h, w) pixels in two lights, labels, points, and what may occur.

    ``guess`` (b,) marks views whose labels are guessed: those of tagged photos, and skin in those of single garments.
    """

    images: Tensor
    plain: Tensor
    labels: Tensor
    points: Tensor
    allowed: Tensor
    guess: Tensor


@dataclass
class Position:
    """Where a run is: steps in all, the stage, photos and seconds spent in it, the best of the validation so far."""

    steps: int = 0
    stage: int = 0
    photos: int = 0
    seconds: float = 0.0
    best: float = -1.0


def repeat_factors(samples: Sequence[LabelledPhoto]) -> NDArray[np.float64]:
    """How often each sample is drawn, relative: photos with a rare class more often (Gupta, Dollar and Girshick 2019,
    section 4: the largest sqrt(t / f) of its classes, here at most 4).
    """
    present = np.zeros((len(samples), len(CLASSES)), bool)
    for row, sample in zip(present, samples, strict=True):
        row[list(sample.allowed)] = True
    frequency = present.mean(axis=0).clip(min=1e-9)
    wanted = np.sqrt(_REPEAT_BELOW / frequency).clip(1, _REPEAT_MOST)
    return np.where(present, wanted, 1).max(axis=1)


def class_weights(samples: Sequence[LabelledPhoto], power: float, limit: float) -> Tensor:
    """(classes,) frequency ** -power of the labelled pixels, scaled so that the mean over pixels is 1, at most
    ``limit``.
    """
    counts = np.zeros(256)
    for sample in samples:
        counts += np.bincount(cast(NDArray[np.uint8], sample.labels).ravel(), minlength=256)
    share = (counts[: len(CLASSES)] / counts[: len(CLASSES)].sum()).clip(min=1e-6)
    weights = share**-power
    return torch.tensor((weights / (share * weights).sum()).clip(max=limit), dtype=torch.float32)


class ReaderLoop:
    """One run in one folder."""

    def __init__(
        self,
        recipe: ReaderRecipe,
        samples: Sequence[LabelledPhoto],
        val: Sequence[LabelledPhoto],
        out: Path,
        device: torch.device,
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.recipe, self.val, self.out, self.device = recipe, val, out, device
        self.pools = {s: [x for x in samples if x.source == s] for s in _SOURCES}
        self.wardrobe = Wardrobe(self.pools["labelled"])
        self.draws = {s: _shares(repeat_factors(pool)) for s, pool in self.pools.items() if pool}
        torch.manual_seed(recipe.seed)
        net = ReaderNet(backbone=recipe.backbone, width=recipe.width, detail=recipe.detail, weights=recipe.weights)
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.net.freeze(recipe.frozen_blocks)
        self.mean = copy.deepcopy(self.net).eval()
        self.weights = class_weights(self.pools["labelled"], recipe.weight_power, recipe.weight_limit).to(device)
        self.optimiser = torch.optim.AdamW(
            [{"params": self.net.head_parameters()}, {"params": self.net.backbone_parameters()}], weight_decay=0.01
        )
        self.at = Position()
        self._restore()
        self.nets = [self.net, *(twin(self.net) for _ in range(recipe.workers - 1))]

    def run(self) -> Position:
        """Train, or go on where the checkpoint says."""
        while self.at.stage < len(self.recipe.stages):
            self._stage(self.recipe.stages[self.at.stage])
            self.at = Position(self.at.steps, self.at.stage + 1, best=self.at.best)
            self._save()
        return self.at

    def _stage(self, stage: Stage) -> None:
        for net in self.nets:
            if stage.learns == "detail" and not self.at.photos:
                net.load_state_dict(self.mean.state_dict())
            net.learn(stage.learns)
        progress = Progress(f"stage {self.at.stage + 1} of {len(self.recipe.stages)}", stage.photos)
        progress.done = self.at.photos
        began, before, saved = time.monotonic(), self.at.seconds, self.at.photos
        total: dict[str, float] = {}
        with ThreadPoolExecutor(self.recipe.workers) as pool, ThreadPoolExecutor(1) as loader, progress:
            ahead = loader.submit(self._batches, stage, self.at.photos)
            while (done := self._done(stage)) < 1:
                batches = ahead.result()
                ahead = loader.submit(self._batches, stage, self.at.photos + stage.batch)
                self._rates(stage, done)
                for name, value in self._step(batches, pool).items():
                    total[name] = 0.97 * total.get(name, value) + 0.03 * value
                self.at.photos += stage.batch
                self.at.seconds = before + time.monotonic() - began
                progress.advance(stage.batch, " ".join(f"{k} {v:.3f}" for k, v in total.items()))
                if self.at.photos - saved >= SAVE_EVERY:
                    saved = self.at.photos
                    self._look(stage, total)
                    self._save()
            ahead.cancel()
        self._look(stage, total)

    def _done(self, stage: Stage) -> float:
        """Share of the stage that is over, by photos or by time, whichever is further."""
        by_time = self.at.seconds / (60 * stage.minutes) if stage.minutes else 0.0
        return max(self.at.photos / stage.photos, by_time)

    def _rates(self, stage: Stage, done: float) -> None:
        factor = stage.final_factor + (1 - stage.final_factor) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        warm = min(1.0, (self.at.photos / stage.batch + 1) / 30)
        for group, rate in zip(self.optimiser.param_groups, (stage.rate, stage.backbone_rate), strict=True):
            group["lr"] = rate * factor * warm

    def _step(self, batches: Sequence[Batch], pool: ThreadPoolExecutor) -> dict[str, float]:
        for net in self.nets:
            net.train()
            net.zero_grad(set_to_none=True)
        jobs: list[Future[dict[str, float]]] = [
            pool.submit(self._learn, net, batch) for net, batch in zip(self.nets, batches, strict=True)
        ]
        results = [job.result() for job in jobs]
        for first, *others in zip(*(net.parameters() for net in self.nets), strict=True):
            if first.grad is not None:
                for other in others:
                    first.grad += other.grad
                first.grad /= len(self.nets)
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.at.steps += 1
        keep = min(self.recipe.ema, self.at.steps / (self.at.steps + 10))  # the start is forgotten quickly
        with torch.no_grad():
            for mine, theirs in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
                if mine.dtype.is_floating_point:
                    mine.lerp_(theirs, 1 - keep)
        return {name: sum(r[name] for r in results) / len(results) for name in results[0]}

    def _learn(self, net: ReaderNet, batch: Batch) -> dict[str, float]:
        labels = self._guessed(batch) if batch.guess.any() else batch.labels
        logits, joints = net(batch.images)
        # Every fourth label pixel, another one each step: the loss of all took about a fifth of the step's time.
        y, x = divmod(self.at.steps % 4, 2)
        rows = enlarge(logits, labels.shape[1:])[:, :, y::2, x::2]
        loss = class_loss(rows, labels[:, y::2, x::2], self.weights, lovasz=self.recipe.lovasz)
        maps, taught = heatmaps(batch.points, joints.shape[2:], STRIDE, _SIGMA)
        points = keypoint_loss(joints, maps, taught)
        (loss + self.recipe.keypoints * points).backward()
        return {"class": float(loss.detach()), "points": float(points.detach())}

    @torch.no_grad()
    def _guessed(self, batch: Batch) -> Tensor:
        """Labels with what the averaged network is sure of, among what may occur.

        In a tagged photo every pixel is guessed. In a photo of a single garment the network's word counts only
        where it says skin or hair (the cut-out cannot tell a wearer from the garment), and elsewhere the cut-out's.
        """
        rows = batch.guess.nonzero()[:, 0]
        logits = enlarge(self.mean(batch.plain[rows])[0], batch.labels.shape[1:])
        logits = logits.masked_fill(~batch.allowed[rows, :, None, None], -1e4)
        sure, guess = logits.softmax(1).max(1)
        guess = torch.where(sure >= self.recipe.sure, guess, IGNORE)
        cut = batch.labels[rows]
        body = ((guess == 1) | (guess == 2)) & (cut != 0)
        labels = batch.labels.clone()
        # A tagged view has no label at all: every pixel of it is IGNORE.
        tagged = (cut == IGNORE).flatten(1).all(1)[:, None, None]
        labels[rows] = torch.where(tagged | body, guess, cut)
        return labels

    def _batches(self, stage: Stage, photos: int) -> list[Batch]:
        """One batch for each worker; drawn from the place in the run alone, so a resumed run draws the same."""
        rng = np.random.default_rng([self.recipe.seed, self.at.stage, photos])
        shares = {s: getattr(stage.shares, s) for s in self.draws}
        names = list(shares)
        chances = _shares(np.asarray([shares[s] for s in names]))
        chosen = [names[i] for i in rng.choice(len(names), stage.batch, p=chances)]
        samples = [self.pools[s][rng.choice(len(self.pools[s]), p=self.draws[s])] for s in chosen]
        if stage.composites:
            samples = [self.wardrobe.dress(s, rng) if rng.random() < stage.composites else s for s in samples]
        views = [draw_view(sample, (stage.height, stage.width), rng) for sample in samples]
        if stage.plain:
            views = [plain_ground(view, rng) if rng.random() < stage.plain else view for view in views]
        parts = np.array_split(np.arange(stage.batch), self.recipe.workers)
        return [self._batch([samples[i] for i in part], [views[i] for i in part], rng) for part in parts]

    def _batch(self, samples: Sequence[LabelledPhoto], views: Sequence[View], rng: np.random.Generator) -> Batch:
        plain = np.stack([view.pixels for view in views]).astype(np.float32)
        height, width = plain.shape[1:3]
        empty = np.full((height // LABEL_STEP, width // LABEL_STEP), IGNORE, np.uint8)
        nowhere = np.full((17, 3), np.nan, np.float32)
        labels = np.stack([empty if view.labels is None else view.labels for view in views])
        points = np.stack([nowhere if view.points is None else view.points for view in views])
        allowed = np.zeros((len(views), len(CLASSES)), bool)
        for row, sample in zip(allowed, samples, strict=True):
            row[list(sample.allowed)] = True
        guess = np.asarray([s.source != "labelled" and (self.at.stage > 0 or s.labels is None) for s in samples])
        return Batch(
            self._tensor(relight(plain, rng)),
            self._tensor(plain),
            torch.from_numpy(labels.astype(np.int64)).to(self.device),
            torch.from_numpy(points).to(self.device),
            torch.from_numpy(allowed).to(self.device),
            torch.from_numpy(guess).to(self.device),
        )

    def _tensor(self, images: NDArray[np.float32]) -> Tensor:
        scaled = (images - np.float32(TF_SCALE.mean[0])) / np.float32(TF_SCALE.std[0])
        return torch.from_numpy(scaled).permute(0, 3, 1, 2).to(self.device, memory_format=torch.channels_last)

    def _look(self, stage: Stage, total: dict[str, float]) -> None:
        found = self.validate((stage.height, stage.width))
        self.at.best = max(self.at.best, found["miou"])
        line = {"stage": self.at.stage, "photos": self.at.photos, "seconds": round(self.at.seconds), **total, **found}
        with (self.out / files.METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        say(f"validation: mIoU {found['miou']:.3f}, accuracy {found['accuracy']:.4f}")

    @torch.no_grad()
    def validate(self, size: tuple[int, int]) -> dict[str, Any]:
        """mIoU, pixel accuracy and IoU per class of the averaged network on the whole validation photos."""
        confusion = Confusion.empty(len(CLASSES))
        for start in range(0, len(self.val), 8):
            views = [whole_view(sample, size) for sample in self.val[start : start + 8]]
            images = self._tensor(np.stack([view.pixels for view in views]).astype(np.float32))
            labels = np.stack([cast(NDArray[np.uint8], view.labels) for view in views])
            guess = enlarge(self.mean(images)[0], labels.shape[1:]).argmax(1)
            confusion.add(guess.cpu().numpy(), labels)
        iou = {name: round(float(v), 3) for name, v in zip(CLASSES, confusion.iou(), strict=True)}
        return {"miou": confusion.mean_iou(), "accuracy": confusion.pixel_accuracy(), "iou": iou}

    def _save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "at": vars(self.at),
        }
        files.write_checkpoint(self.out / files.CHECKPOINT, state)
        about = {"recipe": self.recipe.name, "width": str(self.recipe.width), "stage": str(self.at.stage)}
        files.write_weights(self.out / files.LAST, self.mean.state_dict(), about)

    def _restore(self) -> None:
        saved = files.read_checkpoint(self.out / files.CHECKPOINT, self.device)
        if saved is None:
            return
        try:
            self.net.load_state_dict(saved["net"])
            self.mean.load_state_dict(saved["mean"])
            self.optimiser.load_state_dict(saved["optimiser"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise RunError(
                f"the checkpoint is of another network ({str(error).splitlines()[0]})",
                where=str(self.out),
                hint="Choose another folder, or delete the checkpoint",
            ) from None
        self.at = Position(**saved["at"])
        say(f"going on at stage {self.at.stage + 1}, photo {self.at.photos}")


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / values.sum()
