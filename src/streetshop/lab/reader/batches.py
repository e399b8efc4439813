"""From photos to batches of views; drawn from the place in the run alone, so that a resumed run draws the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from streetshop.lab.nets.trunks import TF_SCALE
from streetshop.lab.reader.classes import CLASSES, IGNORE
from streetshop.lab.reader.composites import Wardrobe, dye
from streetshop.lab.reader.data import Sample
from streetshop.lab.reader.recipe import Stage
from streetshop.lab.reader.views import LABEL_STEP, draw_view, plain_ground, relight

SOURCES: Final = ("labelled", "tagged", "single")
_REPEAT_BELOW: Final = 0.3
_REPEAT_MOST: Final = 4.0
_AHEAD: Final = 4
"""Batches that each loading process has ready."""


@dataclass(frozen=True, eq=False)
class Views:
    """Views as they are drawn: (b, h, w, 3) uint8 pixels, (b, h/2, w/2) uint8 labels, (b, 17, 3) points, (b, classes)
    what may occur, and (b,) whether labels are to be guessed: those of tagged photos, and skin in those of single
    garments."""

    pixels: Tensor
    labels: Tensor
    points: Tensor
    allowed: Tensor
    guess: Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """What one worker computes on: (b, 3, h, w) pixels in two lights, and the rest as in :class:`Views`, labels
    int64."""

    images: Tensor
    plain: Tensor
    labels: Tensor
    points: Tensor
    allowed: Tensor
    guess: Tensor


class Draws:
    """Draws views for a run's stages."""

    def __init__(self, samples: Sequence[Sample], seed: int) -> None:
        self.seed = seed
        self.pools = {s: [x for x in samples if x.source == s] for s in SOURCES}
        self.wardrobe = Wardrobe(self.pools["labelled"])
        self.chances = {s: shares_of(repeat_factors(pool)) for s, pool in self.pools.items() if pool}

    def views(self, number: int, stage: Stage, photos: int) -> Views:
        """The batch that follows ``photos`` photos of the stage with that number."""
        rng = np.random.default_rng([self.seed, number, photos])
        shares = {s: getattr(stage.shares, s) for s in self.chances}
        names = list(shares)
        chosen = rng.choice(len(names), stage.batch, p=shares_of(np.asarray([shares[s] for s in names])))
        samples = []
        for source in (names[i] for i in chosen):
            sample = self.pools[source][rng.choice(len(self.pools[source]), p=self.chances[source])]
            if stage.composites and rng.random() < stage.composites:
                sample = self.wardrobe.dress(sample, rng)
            if stage.dyed and rng.random() < stage.dyed:
                sample = dye(sample, rng)
            samples.append(sample)
        drawn = [draw_view(sample, (stage.height, stage.width), rng) for sample in samples]
        if stage.plain:
            drawn = [plain_ground(view, rng) if rng.random() < stage.plain else view for view in drawn]
        empty = np.full((stage.height // LABEL_STEP, stage.width // LABEL_STEP), IGNORE, np.uint8)
        nowhere = np.full((17, 3), np.nan, np.float32)
        allowed = np.zeros((len(drawn), len(CLASSES)), bool)
        for row, sample in zip(allowed, samples, strict=True):
            row[list(sample.allowed)] = True
        guess = [s.source != "labelled" and (number > 0 or s.labels is None) for s in samples]
        return Views(
            torch.from_numpy(np.stack([view.pixels for view in drawn])),
            torch.from_numpy(np.stack([empty if view.labels is None else view.labels for view in drawn])),
            torch.from_numpy(np.stack([nowhere if view.points is None else view.points for view in drawn])),
            torch.from_numpy(allowed),
            torch.tensor(guess),
        )

    def follow(self, number: int, stage: Stage, photos: int, loaders: int) -> Iterator[Views]:
        """Batch after batch from ``photos`` on, without end, drawn ahead: in a thread, or in ``loaders`` processes."""
        if loaders:
            data, pinned = _Drawn(self, number, stage, photos), torch.cuda.is_available()
            yield from DataLoader(
                data, None, sampler=count(), num_workers=loaders, prefetch_factor=_AHEAD, pin_memory=pinned
            )
        with ThreadPoolExecutor(1) as loader:
            ahead = loader.submit(self.views, number, stage, photos)
            while True:
                views = ahead.result()
                photos += stage.batch
                ahead = loader.submit(self.views, number, stage, photos)
                yield views


class _Drawn(Dataset[Views]):
    """The batches of a stage by their number, for loading processes."""

    def __init__(self, draws: Draws, number: int, stage: Stage, photos: int) -> None:
        self.draws, self.number, self.stage, self.photos = draws, number, stage, photos

    def __getitem__(self, index: int) -> Views:
        return self.draws.views(self.number, self.stage, self.photos + index * self.stage.batch)


def batches(views: Views, parts: int, device: torch.device, seed: Sequence[int]) -> list[Batch]:
    """Views on the device and relit, in ``parts`` of equal size."""
    start = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    generator = torch.Generator(device).manual_seed(start)
    moved = [
        value.to(device, non_blocking=True)
        for value in (views.pixels, views.labels, views.points, views.allowed, views.guess)
    ]
    pixels, labels, points, allowed, guess = moved
    plain = pixels.permute(0, 3, 1, 2).float()
    made = (scaled(relight(plain, generator)), scaled(plain), labels.long(), points, allowed, guess)
    return [Batch(*part) for part in zip(*(value.tensor_split(parts) for value in made), strict=True)]


def scaled(pixels: Tensor) -> Tensor:
    """(b, 3, h, w) pixels 0..255 as the trunk wants them."""
    images = (pixels - TF_SCALE.mean[0]) / TF_SCALE.std[0]
    return images.contiguous(memory_format=torch.channels_last)


def repeat_factors(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """How often each sample is drawn, relative: photos with a rare class more often (Gupta, Dollar and Girshick 2019,
    section 4: the largest sqrt(t / f) of its classes, here at most 4)."""
    present = np.zeros((len(samples), len(CLASSES)), bool)
    for row, sample in zip(present, samples, strict=True):
        row[list(sample.allowed)] = True
    frequency = present.mean(axis=0).clip(min=1e-9)
    wanted = np.sqrt(_REPEAT_BELOW / frequency).clip(1, _REPEAT_MOST)
    return np.where(present, wanted, 1).max(axis=1)


def shares_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``values`` over their sum."""
    return values / values.sum()
