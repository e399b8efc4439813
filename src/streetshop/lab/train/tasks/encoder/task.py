"""The default encoder: a head for each block on stored features of a frozen backbone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.lab.core.devices import Place
from streetshop.lab.core.seeds import PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.nets.encoder_heads import DefaultEncoder, Heads, span, start_from_components
from streetshop.lab.nets.taps import Taps
from streetshop.lab.train.encoder_recipe import EncoderRecipe, HeadBlock
from streetshop.lab.train.task import Length, Position, Task, Update, Values, build_optimiser, group
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.targets import Targets, block_loss, targets_of

_EPOCH: Final = 100
"""Steps from one checkpoint to the next."""


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views by their rows (see :class:`Features`)."""

    rows: NDArray[np.int64]

    @property
    def pictures(self) -> int:
        """Views."""
        return len(self.rows)


class EncoderTask(Task[EncoderRecipe, ViewBatch]):
    """A :class:`DefaultEncoder` on stored features.

    The backbone stays ImageNet's. Heads that are linear start as principal components, and one that no stage learns
    remains them; the cosines of the components are the reference of
    :func:`~streetshop.lab.losses.contrast.keep_relations`. The reference of the others is the colours' counts.
    """

    devices = ("cpu",)
    network: DefaultEncoder

    def __init__(self, recipe: EncoderRecipe, views: Features, place: Place, *, weights: str = "imagenet") -> None:
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        super().__init__(recipe, place, build_encoder(recipe, weights=weights))
        self.views = views
        heads = self.network.heads
        values = torch.from_numpy(views.values.astype(np.float32))
        heads.settle(values)
        self.settled = heads.settled(values)
        self.references = {name: self._reference(name, block) for name, block in recipe.blocks.items()}
        self.targets: Targets | None = None

    def _reference(self, name: str, block: HeadBlock) -> Tensor:
        """(views, n) unit vectors whose cosines are to be kept."""
        heads, layer = self.network.heads, self.network.heads.layers[name]
        if not isinstance(layer, torch.nn.Linear):
            return functional.normalize(self.settled[:, span(heads.parts[name][0])], dim=1)
        inputs = heads.chosen(name, self.settled)
        start_from_components(layer, inputs, whiten=block.whiten)
        with torch.no_grad():
            return functional.normalize(layer(inputs), dim=1)

    def length(self, index: int) -> Length:
        """The stage's steps."""
        return Length(self.recipe.stages[index].steps, _EPOCH)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Choose the block that learns."""
        stage = self.recipe.stages[index]
        self.targets = targets_of(stage.learns, self.views, self.recipe)
        layers = list(self.network.heads.layers[stage.learns].parameters())
        return {"all": build_optimiser(stage.optimiser, [group(layers, stage.rate.head, stage.optimiser.weight_decay)])}

    def begin_epoch(self, epoch: int) -> None:
        """Batch norms keep their statistics, so the network stays in evaluation mode."""
        self.network.eval()

    def batches(self, at: Position) -> Iterator[ViewBatch]:
        """The rest of the epoch; the draws depend on the seed and the place in the run alone."""
        stage, length = self.recipe.stages[at.stage], self.length(at.stage)
        for batch in range(at.batch, length.batches(at.epoch)):
            if self.targets is not None:
                yield ViewBatch(
                    self.targets.draw(generator(self.recipe.seed, PLAN, at.stage, at.epoch, batch), stage.batch)
                )

    def learn(self, batch: ViewBatch, at: Position, update: Update) -> Values:
        """The loss of the block that learns."""
        name = self.recipe.stages[at.stage].learns
        if self.targets is None:
            raise TypeError("the stage has not begun")
        block, heads = self.recipe.blocks[name], self.network.heads
        inputs = functional.dropout(heads.chosen(name, self.settled[batch.rows]), block.dropout)
        vectors = functional.normalize(heads.layers[name](inputs), dim=1)
        loss = block_loss(vectors, self.targets, batch.rows, self.references[name], block)
        update(loss)
        return {f"loss/{name}": loss}


def build_encoder(recipe: EncoderRecipe, *, weights: str = "none") -> DefaultEncoder:
    """The recipe's network; ``weights`` of the backbone: imagenet or none."""
    blocks = recipe.blocks
    heads = Heads(
        {name: block.dim for name, block in blocks.items()},
        {name: block.parts for name, block in blocks.items()},
        {name: block.hidden for name, block in blocks.items()},
    )
    return DefaultEncoder(Taps(weights=weights), heads).eval()
