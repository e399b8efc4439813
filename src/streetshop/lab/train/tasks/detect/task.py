"""Train a detector: shuffled pictures, varied views, AP50 on the validation pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from streetshop.core.errors import RunError
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress
from streetshop.lab.core.seeds import AUGMENT, PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.evaluate.detection import Boxes, average_precision
from streetshop.lab.nets.detect import Detector, Target, build_detector
from streetshop.lab.train.detector_recipe import DetectorRecipe, DetectorStage
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
from streetshop.lab.train.tasks.detect.data import DetectorData, Picture
from streetshop.lab.train.tasks.detect.views import View, batch_input, draw_view, input_spec

_AHEAD: Final = 2
"""Batches that are drawn while the network works."""


@dataclass(frozen=True, eq=False)
class DetectorBatch:
    """Views of a step: ``images`` (b, 3, h, w) scaled pixels, and a target each."""

    images: Tensor
    targets: list[Target]

    @property
    def pictures(self) -> int:
        """Of the batch."""
        return len(self.targets)


class DetectorTask(Task[DetectorRecipe, DetectorBatch]):
    """A detector; an epoch is a pass over all pictures."""

    devices = ("cpu", "cuda")
    network: Detector
    judged: Detector

    def __init__(self, recipe: DetectorRecipe, data: DetectorData, place: Place, *, threads: int = 2) -> None:
        self.data, self.threads, self.validate_every = data, threads, recipe.validate_every
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        super().__init__(recipe, place, build_network(recipe, len(data.classes.names)))
        self.spec = input_spec(recipe, self.network.scale)
        self.index = 0

    def length(self, index: int) -> Length:
        """An epoch is a pass over the training pictures."""
        stage = self.recipe.stages[index]
        batches = -(-len(self.data.train) // stage.batch)
        return Length(stage.epochs * batches, batches)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Choose what learns."""
        self.index, stage = index, self._stage(index)
        self.network.freeze(stage.frozen)
        decay = stage.optimiser.weight_decay
        groups = [
            *without_decay_of_vectors(self.network.backbone_parameters(), stage.rate.of_backbone, decay),
            *without_decay_of_vectors(self.network.head_parameters(), stage.rate.head, decay),
        ]
        return {"all": build_optimiser(stage.optimiser, groups)}

    def _stage(self, index: int) -> DetectorStage:
        return self.recipe.stages[index]

    def begin_epoch(self, epoch: int) -> None:
        """Training mode, but for the batch norms of a backbone that starts from trained weights."""
        self.network.train()
        if self.recipe.model.weights != "none":
            for norm in self.network.still():
                norm.eval()

    def batches(self, at: Position) -> Iterator[DetectorBatch]:
        """The rest of the epoch, in an order that the seed gives; threads draw ahead."""
        stage = self._stage(at.stage)
        order = generator(self.recipe.seed, PLAN, at.stage, at.epoch).permutation(len(self.data.train))
        chunks = [order[start : start + stage.batch] for start in range(0, len(order), stage.batch)]

        def draw(number: int) -> list[View]:
            rng = generator(self.recipe.seed, AUGMENT, at.stage, at.epoch, number)
            pictures = [self.data.train[i] for i in chunks[number]]
            views = [draw_view(p, self.recipe, masks=self.network.has_masks, rng=rng) for p in pictures]
            return [view for view in views if view is not None]

        with ThreadPoolExecutor(1) as pool:
            first, last = at.batch, len(chunks)
            waiting = [pool.submit(draw, n) for n in range(first, min(first + _AHEAD, last))]
            for number in range(first, last):
                views = waiting.pop(0).result()
                if number + _AHEAD < last:
                    waiting.append(pool.submit(draw, number + _AHEAD))
                if not views:
                    raise RunError(
                        "no picture of a batch can be decoded",
                        where=str(self.data.train[chunks[number][0]].rows[0].path),
                        hint="Check the root folder of the manifest (--root)",
                    )
                targets = [view.target(self.place.device) for view in views]
                yield DetectorBatch(batch_input(views, self.spec).to(self.place.device), targets)

    def learn(self, batch: DetectorBatch, at: Position, update: Update) -> Values:
        """The network's own losses."""
        loss, parts = self.network.losses(batch.images, batch.targets)
        update(loss)
        return {"loss/total": loss, **{f"loss/{name.removeprefix('loss_')}": value for name, value in parts.items()}}

    def validate(self, at: Position) -> Validation:
        """AP50 of the judged network on the validation pictures, the mean over classes."""
        if not self.data.val:
            return Validation()
        found = detect_pictures(self.judged, self.data.val, self.recipe, self.place.device)
        precision = average_precision([boxes for boxes, _ in found], [truth for _, truth in found])
        by_class = {f"val/ap50/{self.data.classes.names[i]}": v for i, v in precision.by_class.items()}
        score = precision.mean if not math.isnan(precision.mean) else 0.0
        return Validation(score, f"AP50 {score:.4f} on {len(found)} pictures", {"val/ap50": score, **by_class})


@torch.no_grad()
def detect_pictures(
    network: Detector, pictures: Sequence[Picture], recipe: DetectorRecipe, device: torch.device
) -> list[tuple[Boxes, Boxes]]:
    """What a network finds in the pictures that can be decoded, and what is true, in pixels of the input."""
    training = network.training
    network.eval()
    spec, found = input_spec(recipe, network.scale), []
    with Progress("validating", len(pictures)) as progress:
        for picture in pictures:
            view = draw_view(picture, recipe, masks=False)
            progress.advance()
            if view is None:
                continue
            boxes, scores, labels, *_ = network(batch_input([view], spec).to(device))
            answer = Boxes.of(boxes.cpu().numpy(), labels.cpu().numpy(), scores.cpu().numpy())
            found.append((answer, Boxes.of(view.boxes, view.labels)))
    network.train(training)
    return found


def build_network(recipe: DetectorRecipe, classes: int, *, pretrained: bool = True) -> Detector:
    """The recipe's network; see :func:`streetshop.lab.nets.detect.build_detector`."""
    size = (recipe.input.height, recipe.input.width)
    return build_detector(recipe.model, classes, size, pretrained=pretrained)
