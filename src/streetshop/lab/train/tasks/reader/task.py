"""The reader: garment classes per pixel and keypoints, with pseudo-labels; then class balance and names of articles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.lab.core.devices import Place
from streetshop.lab.data.classes import CLASSES, GARMENTS, IGNORE
from streetshop.lab.data.labelled_photos import LabelledPhoto
from streetshop.lab.evaluate.dense import Confusion
from streetshop.lab.losses.dense import class_loss, heatmaps, keypoint_loss
from streetshop.lab.nets.backbones import TF_SCALE
from streetshop.lab.nets.reader import STRIDE, ReaderNet, enlarge
from streetshop.lab.train.parts import FitPart
from streetshop.lab.train.reader_recipe import ArticlesPart, ReaderRecipe, ReaderStage
from streetshop.lab.train.replicas import Replicas
from streetshop.lab.train.task import Length, Position, Task, Update, Validation, Values, build_optimiser, group
from streetshop.lab.train.tasks.reader.articles import fit_articles
from streetshop.lab.train.tasks.reader.balance import balance
from streetshop.lab.train.tasks.reader.composites import Wardrobe
from streetshop.lab.train.tasks.reader.data import ReaderData
from streetshop.lab.train.tasks.reader.views import LABEL_STEP, View, draw_view, plain_ground, relight, whole_view

VALIDATE_EVERY: Final = 1000
"""Photos between two validations, each with a checkpoint."""
_SIGMA: Final = 1.6
_REPEAT_BELOW: Final = 0.3
_REPEAT_MOST: Final = 4.0
_SOURCES: Final = ("labelled", "tagged", "single")


@dataclass(frozen=True, eq=False)
class PhotoBatch:
    """Views for one worker.

    Attributes:
        images, plain: (b, 3, h, w) scaled pixels, relit and as they are.
        labels: (b, h/2, w/2) class indices.
        points: (b, 17, 3) x, y and visibility.
        allowed: (b, classes) bool, what may occur.
        guess: (b,) bool: labels are pseudo-labels, those of tagged photos, and skin in those of single garments.
    """

    images: Tensor
    plain: Tensor
    labels: Tensor
    points: Tensor
    allowed: Tensor
    guess: Tensor


@dataclass(frozen=True, eq=False)
class WorkerBatches:
    """A batch, split among the workers."""

    parts: list[PhotoBatch]

    @property
    def pictures(self) -> int:
        """Photos of all parts."""
        return sum(len(part.images) for part in self.parts)


def repeat_factors(samples: Sequence[LabelledPhoto]) -> NDArray[np.float64]:
    """How often each sample is drawn, relative to others: photos with a rare class more often.

    Gupta, Dollar and Girshick 2019, section 4: the largest sqrt(t / f) of a photo's classes, here at most 4.
    """
    present = np.zeros((len(samples), len(CLASSES)), bool)
    for row, sample in zip(present, samples, strict=True):
        row[list(sample.allowed)] = True
    frequency = present.mean(axis=0).clip(min=1e-9)
    wanted = np.sqrt(_REPEAT_BELOW / frequency).clip(1, _REPEAT_MOST)
    return np.where(present, wanted, 1).max(axis=1)


def class_weights(samples: Sequence[LabelledPhoto], power: float, limit: float) -> Tensor:
    """Weights of the classes: frequency ** -power, scaled to a mean over labelled pixels of 1, at most ``limit``."""
    counts = np.zeros(256)
    for sample in samples:
        counts += np.bincount(cast(NDArray[np.uint8], sample.labels).ravel(), minlength=256)
    share = (counts[: len(CLASSES)] / counts[: len(CLASSES)].sum()).clip(min=1e-6)
    weights = share**-power
    return torch.tensor((weights / (share * weights).sum()).clip(max=limit), dtype=torch.float32)


class ReaderTask(Task[ReaderRecipe, WorkerBatches]):
    """A :class:`ReaderNet` on photos drawn with replacement; an epoch is :data:`VALIDATE_EVERY` photos."""

    devices = ("cpu", "cuda")
    network: ReaderNet
    judged: ReaderNet

    def __init__(self, recipe: ReaderRecipe, data: ReaderData, place: Place) -> None:
        torch.manual_seed(recipe.seed)
        super().__init__(recipe, place, build_reader(recipe, pretrained=True))
        self.network.to(memory_format=torch.channels_last)
        self.data = data
        self.pools = {s: [x for x in data.samples if x.source == s] for s in _SOURCES}
        self.wardrobe = Wardrobe(self.pools["labelled"])
        self.draws = {s: _shares(repeat_factors(pool)) for s, pool in self.pools.items() if pool}
        losses = recipe.losses
        weights = class_weights(self.pools["labelled"], losses.class_power, losses.class_limit)
        self.weights = weights.to(place.device)
        self.optimiser: torch.optim.Optimizer | None = None

    def length(self, index: int) -> Length:
        """Photos become steps."""
        stage = self._stage(index)
        return Length(-(-stage.photos // stage.batch), -(-VALIDATE_EVERY // stage.batch))

    def _stage(self, index: int) -> ReaderStage:
        stage = self.recipe.stages[index]
        if not isinstance(stage, ReaderStage):
            raise TypeError(f"stage {stage.name} has no photos")
        return stage

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Choose what learns. The optimiser keeps its moments over the stages."""
        stage = self._stage(index)
        if stage.learns == "detail" and not resumed:
            self.network.load_state_dict(self.judged.state_dict())
        self.network.freeze(stage.frozen)
        self.network.learn(stage.learns)
        rates, decay = (stage.rate.head, stage.rate.of_backbone), stage.optimiser.weight_decay
        if self.optimiser is None:
            parts = (self.network.head_parameters(), self.network.backbone_parameters())
            groups = [group(part, rate, decay) for part, rate in zip(parts, rates, strict=True)]
            self.optimiser = build_optimiser(stage.optimiser, groups)
        for one, rate in zip(self.optimiser.param_groups, rates, strict=True):
            one["base"], one["weight_decay"] = rate, decay
        return {"all": self.optimiser}

    def begin_epoch(self, epoch: int) -> None:
        """Copy the network for the workers."""
        self.replicas = Replicas(self.network, self.recipe.workers)
        for net in self.replicas.networks:
            net.train()

    def batches(self, at: Position) -> Iterator[WorkerBatches]:
        """The rest of the epoch; a thread draws ahead."""
        stage, length = self._stage(at.stage), self.length(at.stage)
        first, last = (at.epoch * length.epoch + batch for batch in (at.batch, length.batches(at.epoch)))
        with ThreadPoolExecutor(1) as loader:
            ahead = loader.submit(self.draw, at.stage, first * stage.batch)
            for step in range(first, last):
                drawn = ahead.result()
                if step + 1 < last:
                    ahead = loader.submit(self.draw, at.stage, (step + 1) * stage.batch)
                yield WorkerBatches(drawn)

    def draw(self, index: int, photos: int) -> list[PhotoBatch]:
        """A batch for each worker; the draws depend on the seed and the place in the run alone."""
        stage = self._stage(index)
        rng = np.random.default_rng([self.recipe.seed, index, photos])
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
        guess = [s.source != "labelled" and (index > 0 or s.labels is None) for s in samples]
        parts = np.array_split(np.arange(stage.batch), self.recipe.workers)
        return [
            self._batch([samples[i] for i in part], [views[i] for i in part], [guess[i] for i in part], rng)
            for part in parts
        ]

    def _batch(
        self, samples: Sequence[LabelledPhoto], views: Sequence[View], guess: Sequence[bool], rng: np.random.Generator
    ) -> PhotoBatch:
        plain = np.stack([view.pixels for view in views]).astype(np.float32)
        height, width = plain.shape[1:3]
        empty = np.full((height // LABEL_STEP, width // LABEL_STEP), IGNORE, np.uint8)
        nowhere = np.full((17, 3), np.nan, np.float32)
        labels = np.stack([empty if view.labels is None else view.labels for view in views])
        points = np.stack([nowhere if view.points is None else view.points for view in views])
        allowed = np.zeros((len(views), len(CLASSES)), bool)
        for row, sample in zip(allowed, samples, strict=True):
            row[list(sample.allowed)] = True
        device = self.place.device
        return PhotoBatch(
            self._tensor(relight(plain, rng)),
            self._tensor(plain),
            torch.from_numpy(labels.astype(np.int64)).to(device),
            torch.from_numpy(points).to(device),
            torch.from_numpy(allowed).to(device),
            torch.from_numpy(np.asarray(guess)).to(device),
        )

    def _tensor(self, images: NDArray[np.float32]) -> Tensor:
        scaled = (images - np.float32(TF_SCALE.mean[0])) / np.float32(TF_SCALE.std[0])
        return torch.from_numpy(scaled).permute(0, 3, 1, 2).to(self.place.device, memory_format=torch.channels_last)

    def learn(self, batch: WorkerBatches, at: Position, update: Update) -> Values:
        """Gradients of the workers' parts are averaged."""
        found: list[dict[str, float]] = []
        # Every fourth label pixel, another one each step: the loss of all takes about a fifth of the step's time.
        y, x = divmod(at.step % 4, 2)

        def work(net: ReaderNet, part: PhotoBatch) -> dict[str, float]:
            labels = self.pseudo_labels(part) if part.guess.any() else part.labels
            logits, joints, *_ = net(part.images)
            rows = enlarge(logits, labels.shape[1:])[:, :, y::2, x::2]
            loss = class_loss(rows, labels[:, y::2, x::2], self.weights, lovasz=self.recipe.losses.lovasz)
            maps, known = heatmaps(part.points, joints.shape[2:], STRIDE, _SIGMA)
            points = keypoint_loss(joints, maps, known)
            (loss + self.recipe.losses.keypoints * points).backward()
            return {"loss/class": float(loss.detach()), "loss/points": float(points.detach())}

        update(lambda: found.extend(self.replicas.learn(work, batch.parts)))
        return {name: sum(part[name] for part in found) / len(found) for name in found[0]}

    @torch.no_grad()
    def pseudo_labels(self, batch: PhotoBatch) -> Tensor:
        """(b, h/2, w/2) labels, with those predictions of the judged network that are sure and may occur.

        In a tagged photo every pixel is predicted. In a photo of a single garment a prediction counts only where it is
        skin or hair, which a cut-out cannot tell from the garment; elsewhere the cut-out counts.
        """
        rows = batch.guess.nonzero()[:, 0]
        logits = enlarge(self.judged(batch.plain[rows])[0], batch.labels.shape[1:])
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

    def fit(self, stage: FitPart) -> None:
        """Balance the classes, or fit the head that names articles."""
        if isinstance(stage, ArticlesPart):
            fit_articles(self.judged, self.recipe, stage, self.data, self.place.device)
        else:
            balance(self.judged, self.recipe, self.data, self.place.device)

    @torch.no_grad()
    def validate(self, at: Position) -> Validation:
        """MIoU, pixel accuracy and IoU per class of the judged network on the whole validation photos."""
        stage = self.recipe.stages[at.stage]
        shape = stage if isinstance(stage, ReaderStage) else self.recipe.input
        confusion = Confusion.empty(len(CLASSES))
        self.judged.eval()
        for start in range(0, len(self.data.val), 8):
            views = [whole_view(sample, (shape.height, shape.width)) for sample in self.data.val[start : start + 8]]
            images = self._tensor(np.stack([view.pixels for view in views]).astype(np.float32))
            labels = np.stack([cast(NDArray[np.uint8], view.labels) for view in views])
            guess = enlarge(self.judged(images)[0], labels.shape[1:]).argmax(1)
            confusion.add(guess.cpu().numpy(), labels)
        miou, accuracy = confusion.mean_iou(), confusion.pixel_accuracy()
        iou = {f"val/iou/{name}": round(float(v), 3) for name, v in zip(CLASSES, confusion.iou(), strict=True)}
        text = f"mIoU {miou:.3f}, accuracy {accuracy:.4f}"
        return Validation(miou, text, {"val/miou": miou, "val/accuracy": accuracy, **iou})


def build_reader(recipe: ReaderRecipe, *, pretrained: bool = False) -> ReaderNet:
    """The recipe's network, without the guided filter. ``pretrained``: its backbone with the recipe's weights."""
    model = recipe.model
    return ReaderNet(
        backbone=model.backbone.name,
        channels=model.channels,
        detail=model.detail,
        articles=len(GARMENTS) if recipe.articles else 0,
        weights=model.backbone.weights if pretrained else "none",
    )


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / values.sum()
