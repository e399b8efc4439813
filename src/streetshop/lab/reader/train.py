"""Training the reader: resumable, on a CPU or a GPU."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.errors import RunError
from streetshop.lab.measure.dense import Confusion
from streetshop.lab.reader.batches import Batch, Draws, batches, scaled
from streetshop.lab.reader.classes import CLASSES, IGNORE
from streetshop.lab.reader.data import Sample
from streetshop.lab.reader.pupil import Lesson, Pupil, agree
from streetshop.lab.reader.recipe import ReaderRecipe, Stage
from streetshop.lab.reader.views import whole_view
from streetshop.lab.training import files
from streetshop.lab.training.progress import Progress, say

TUTOR: Final = "tutor-{}.safetensors"
"""Weights of a tutor, beside the reader's own."""
_NOTE_EVERY: Final = 10
"""Batches between two looks at the losses: a look waits for a GPU."""


@dataclass
class Position:
    """Where a run is: steps in all, the stage, photos and seconds spent in it, the best of the validation so far."""

    steps: int = 0
    stage: int = 0
    photos: int = 0
    seconds: float = 0.0
    best: float = -1.0


def class_weights(samples: Sequence[Sample], power: float, limit: float) -> Tensor:
    """(classes,) frequency ** -power of the labelled pixels, scaled so that the mean over pixels is 1, at most
    ``limit``."""
    counts = np.zeros(256)
    for sample in samples:
        counts += np.bincount(cast(NDArray[np.uint8], sample.labels).ravel(), minlength=256)
    share = (counts[: len(CLASSES)] / counts[: len(CLASSES)].sum()).clip(min=1e-6)
    weights = share**-power
    return torch.tensor((weights / (share * weights).sum()).clip(max=limit), dtype=torch.float32)


class ReaderLoop:
    """One run in one folder.

    Args:
        loaders: processes that draw views; 0 for a thread.
    """

    def __init__(
        self,
        recipe: ReaderRecipe,
        samples: Sequence[Sample],
        val: Sequence[Sample],
        out: Path,
        device: torch.device,
        *,
        loaders: int = 0,
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.recipe, self.val, self.out, self.device, self.loaders = recipe, val, out, device, loaders
        self.draws = Draws(samples, recipe.seed)
        torch.manual_seed(recipe.seed)
        weights = class_weights(self.draws.pools["labelled"], recipe.weight_power, recipe.weight_limit).to(device)
        self.reader = Pupil(recipe, recipe, weights, device)
        self.pupils = [self.reader, *(Pupil(recipe, tutor, weights, device) for tutor in recipe.tutors)]
        self.at = Position()
        self._restore()

    def run(self) -> Position:
        """Train, or go on where the checkpoint says."""
        while self.at.stage < len(self.recipe.stages):
            self._stage(self.recipe.stages[self.at.stage])
            self.at = Position(self.at.steps, self.at.stage + 1, best=self.at.best)
            self._save()
        return self.at

    def _stage(self, stage: Stage) -> None:
        for pupil in self.pupils:
            pupil.begin(stage.learns, anew=not self.at.photos)
        progress = Progress(f"stage {self.at.stage + 1} of {len(self.recipe.stages)}", stage.photos)
        progress.done = self.at.photos
        began, before, saved = time.monotonic(), self.at.seconds, self.at.photos
        total: dict[str, Tensor] = {}
        note = ""
        with ThreadPoolExecutor(self.recipe.workers) as pool, progress:
            for views in self.draws.follow(self.at.stage, stage, self.at.photos, self.loaders):
                if (done := self._done(stage)) >= 1:
                    break
                seed = (self.recipe.seed, self.at.stage, self.at.photos, 1)
                parts = batches(views, self.recipe.workers, self.device, seed)
                for name, value in self._step(stage, parts, done, pool).items():
                    total[name] = 0.97 * total.get(name, value) + 0.03 * value
                self.at.photos += stage.batch
                self.at.seconds = before + time.monotonic() - began
                if self.at.steps % _NOTE_EVERY == 0:
                    note = " ".join(f"{k} {float(v):.3f}" for k, v in total.items())
                progress.advance(stage.batch, note)
                if self.at.photos - saved >= self.recipe.look_every:
                    saved = self.at.photos
                    self._look(stage, total)
                    self._save()
        self._look(stage, total)

    def _done(self, stage: Stage) -> float:
        """Share of the stage that is over, by photos or by time, whichever is further."""
        by_time = self.at.seconds / (60 * stage.minutes) if stage.minutes else 0.0
        return max(self.at.photos / stage.photos, by_time)

    def _step(self, stage: Stage, parts: Sequence[Batch], done: float, pool: ThreadPoolExecutor) -> dict[str, Tensor]:
        factor = stage.final_factor + (1 - stage.final_factor) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        factor *= min(1.0, (self.at.photos / stage.batch + 1) / 30)
        lessons = list(pool.map(lambda part: self._lesson(stage, part), parts))
        found: dict[str, Tensor] = {}
        for number, pupil in enumerate(self.pupils):
            pupil.rates(stage.rate * factor, stage.trunk_rate * factor)
            losses = pupil.step(parts, lessons, stage.imitate, self.at.steps, pool)
            found |= {f"{name}{number or ''}": value for name, value in losses.items()}
        self.at.steps += 1
        return found

    def _lesson(self, stage: Stage, batch: Batch) -> Lesson:
        """Labels, and what the averaged networks together say of every view if that is to be imitated."""
        size = batch.labels.shape[1:]
        if stage.imitate:
            opinion = agree([p.probabilities(batch.plain, size) for p in self.pupils], batch.allowed)
            return Lesson(self._guessed(batch, opinion[batch.guess]), opinion)
        if not bool(batch.guess.any()):
            return Lesson(batch.labels, None)
        plain = batch.plain[batch.guess]
        opinion = agree([p.probabilities(plain, size) for p in self.pupils], batch.allowed[batch.guess])
        return Lesson(self._guessed(batch, opinion), None)

    def _guessed(self, batch: Batch, opinion: Tensor) -> Tensor:
        """Labels with what the averaged networks are sure of, among what may occur.

        In a tagged photo every pixel is guessed. In a photo of a single garment the networks' word counts only
        where they say skin or hair (the cut-out cannot tell a wearer from the garment), and elsewhere the cut-out's.

        Args:
            opinion: (guessed views, classes, h, w) probabilities.
        """
        sure, guess = opinion.max(1)
        guess = torch.where(sure >= self.recipe.sure, guess, IGNORE)
        cut = batch.labels[batch.guess]
        body = ((guess == 1) | (guess == 2)) & (cut != 0)
        labels = batch.labels.clone()
        # A tagged view has no label at all: every pixel of it is IGNORE.
        tagged = (cut == IGNORE).flatten(1).all(1)[:, None, None]
        labels[batch.guess] = torch.where(tagged | body, guess, cut)
        return labels

    def _look(self, stage: Stage, total: dict[str, Tensor]) -> None:
        size = (stage.height, stage.width)
        found = self.validate(size)
        self.at.best = max(self.at.best, found["miou"])
        line: dict[str, Any] = {"stage": self.at.stage, "photos": self.at.photos, "seconds": round(self.at.seconds)}
        line |= {name: float(value) for name, value in total.items()} | found
        line |= {f"tutor{i}": self.validate(size, i) for i in range(1, len(self.pupils))}
        with (self.out / files.METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        say(f"validation: mIoU {found['miou']:.3f}, accuracy {found['accuracy']:.4f}")

    @torch.no_grad()
    def validate(self, size: tuple[int, int], pupil: int = 0) -> dict[str, Any]:
        """mIoU, pixel accuracy and IoU per class of the averaged reader (a tutor, counted from 1) on the whole
        validation photos."""
        confusion = Confusion.empty(len(CLASSES))
        for start in range(0, len(self.val), 8):
            views = [whole_view(sample, size) for sample in self.val[start : start + 8]]
            pixels = torch.from_numpy(np.stack([view.pixels for view in views])).to(self.device)
            labels = np.stack([cast(NDArray[np.uint8], view.labels) for view in views])
            images = scaled(pixels.permute(0, 3, 1, 2).float())
            guess = self.pupils[pupil].probabilities(images, labels.shape[1:]).argmax(1)
            confusion.add(guess.cpu().numpy(), labels)
        iou = {name: round(float(v), 3) for name, v in zip(CLASSES, confusion.iou(), strict=True)}
        return {"miou": confusion.mean_iou(), "accuracy": confusion.pixel_accuracy(), "iou": iou}

    def _save(self) -> None:
        state = {"pupils": [pupil.state() for pupil in self.pupils], "at": vars(self.at)}
        files.write_checkpoint(self.out / files.CHECKPOINT, state)
        about = {"recipe": self.recipe.name, "width": str(self.recipe.width), "stage": str(self.at.stage)}
        for number, pupil in enumerate(self.pupils):
            name = TUTOR.format(number) if number else files.LAST
            files.write_weights(self.out / name, pupil.mean.state_dict(), about)

    def _restore(self) -> None:
        saved = files.read_checkpoint(self.out / files.CHECKPOINT, self.device)
        if saved is None:
            return
        try:
            for pupil, state in zip(self.pupils, saved["pupils"], strict=True):
                pupil.load(state)
        except (RuntimeError, KeyError, ValueError) as error:
            raise RunError(
                f"the checkpoint is of another network ({str(error).splitlines()[0]})",
                where=str(self.out),
                hint="Choose another folder, or delete the checkpoint",
            ) from None
        self.at = Position(**saved["at"])
        say(f"going on at stage {self.at.stage + 1}, photo {self.at.photos}")
