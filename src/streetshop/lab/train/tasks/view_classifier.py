"""Method 3's classifier of views, trained on whole pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.core.errors import UsageError
from streetshop.core.files import write_text
from streetshop.lab.core.devices import Place
from streetshop.lab.core.seeds import AUGMENT, PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.data.labels import UNKNOWN
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.lab.nets.person import ViewClassifier
from streetshop.lab.train import augment
from streetshop.lab.train.data import RunData
from streetshop.lab.train.person_recipes import ViewClassifierRecipe
from streetshop.lab.train.task import Length, Position, Task, Update, Validation, Values, build_optimiser, group
from streetshop.lab.train.vectors import to_pixels

CONFUSION: Final = "confusion.md"
"""File of a run with the confusion matrix of the validation pictures."""
_AT_ONCE: Final = 64
_MIRRORED: Final = {"left": "right", "right": "left"}


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Pixels (b, 3, h, w) from 0 to 255, and (b,) the class of each picture."""

    pixels: Tensor
    targets: Tensor

    @property
    def pictures(self) -> int:
        """Of the batch."""
        return len(self.pixels)


class ViewClassifierTask(Task[ViewClassifierRecipe, ViewBatch]):
    """A :class:`ViewClassifier`; an epoch is a pass of the training pictures."""

    devices = ("cpu", "cuda")
    network: ViewClassifier
    judged: ViewClassifier

    def __init__(self, recipe: ViewClassifierRecipe, data: RunData, out: Path, place: Place) -> None:
        """Raises :class:`UsageError` when there is but one view."""
        self.data, self.out, self.views = data, out, data.labels.classes["view"]
        if len(self.views) < 2:
            raise UsageError(
                f"the training rows hold the views {', '.join(self.views)} only", hint="Use another manifest"
            )
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        size = (recipe.input.height, recipe.input.width)
        network = ViewClassifier(recipe.backbone.name, len(self.views), weights=recipe.backbone.weights, size=size)
        super().__init__(recipe, place, network)
        self.network.to(memory_format=torch.channels_last)
        # The class of the mirror image; of a left view without any right ones it is unknown.
        self.mirrored = np.asarray(
            [
                self.views.index(other) if (other := _MIRRORED.get(view, view)) in self.views else UNKNOWN
                for view in self.views
            ]
        )

    def length(self, index: int) -> Length:
        """An epoch is a pass of the training pictures."""
        stage = self.recipe.stages[index]
        batches = -(-len(self.data.train) // stage.batch)
        return Length(stage.epochs * batches, batches)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """One optimiser, the backbone at a rate of its own."""
        stage = self.recipe.stages[index]
        decay = stage.optimiser.weight_decay
        for number, parameters in enumerate(self.network.backbone.layers() if stage.frozen else []):
            for parameter in parameters:
                parameter.requires_grad_(number >= stage.frozen)
        groups = [
            group(self.network.classes.parameters(), stage.rate.head, decay),
            group(self.network.backbone.parameters(), stage.rate.of_backbone, decay),
        ]
        return {"all": build_optimiser(stage.optimiser, groups)}

    def batches(self, at: Position) -> Iterator[ViewBatch]:
        """The rest of the epoch, its pictures in a random order."""
        recipe, stage = self.recipe, self.recipe.stages[at.stage]
        order = generator(recipe.seed, PLAN, at.stage, at.epoch).permutation(self.data.train)
        for number in range(at.batch, -(-len(order) // stage.batch)):
            rows = order[number * stage.batch : (number + 1) * stage.batch]
            draws = augment.draw(
                recipe.augment, self.data.shop[rows], generator(recipe.seed, AUGMENT, at.stage, at.epoch, number)
            )
            pixels = to_pixels(self.data.pictures, rows, self.place.device)
            targets = self.data.labels.numbers["view"][rows]
            targets = np.where(draws.matrix[:, 0, 0] < 0, self.mirrored[targets], targets)
            yield ViewBatch(
                augment.apply(pixels, draws, recipe.input.background),
                torch.from_numpy(targets).to(self.place.device),
            )

    def learn(self, batch: ViewBatch, at: Position, update: Update) -> Values:
        """Cross-entropy."""
        loss = functional.cross_entropy(self.network(batch.pixels), batch.targets, ignore_index=UNKNOWN)
        update(torch.nan_to_num(loss))
        return {"loss": loss}

    @torch.inference_mode()
    def validate(self, at: Position) -> Validation:
        """Accuracy on the validation pictures; writes their confusion matrix (method 3, Figure 6)."""
        rows = self.data.val
        rows = rows[self.data.labels.numbers["view"][rows] != UNKNOWN]
        if not len(rows):
            return Validation(text="no validation pictures")
        network = self.judged.eval()
        found = [
            network(to_pixels(self.data.pictures, rows[start : start + _AT_ONCE], self.place.device)).argmax(1).cpu()
            for start in range(0, len(rows), _AT_ONCE)
        ]
        matrix = confusion_matrix(self.data.labels.numbers["view"][rows], torch.cat(found).numpy(), len(self.views))
        write_text(self.out / CONFUSION, _table(matrix, self.views).markdown() + "\n")
        accuracy = float(np.trace(matrix) / matrix.sum())
        return Validation(accuracy, f"{accuracy:.3f} of {len(rows)} views are right", {"val/accuracy": accuracy})


def confusion_matrix(truth: NDArray[np.int64], found: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; a row for each true class, a column for each found one."""
    return np.bincount(truth * classes + found, minlength=classes**2).reshape(classes, classes)


def _table(matrix: NDArray[np.int64], views: tuple[str, ...]) -> Section:
    rows = {
        view: tuple(Figure(value=float(n), digits=0) for n in counts)
        for view, counts in zip(views, matrix, strict=True)
    }
    return Section(title="Views", columns=views, rows=rows)
