"""The default encoder: a head for each block on stored features, then the heads and the upper backbone together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.lab.core.devices import Place
from streetshop.lab.core.seeds import PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.nets.encoder_heads import DefaultEncoder, Heads, span, start_from_components
from streetshop.lab.nets.taps import PARTS, Taps, Upper
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.lab.train.replicas import Replicas
from streetshop.lab.train.task import Length, Position, Task, Update, Values, build_optimiser, group
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.targets import Targets, block_loss, targets_of

_MOVED: Final = ("global", "garment")
"""Parts of the features that the upper backbone makes."""
_HEAD_EPOCH, _TUNING_EPOCH = 100, 20
"""Steps from one checkpoint to the next, of heads on stored features and with the backbone."""
_SHARES: Final = {"style": 2, "shape": 2, "pattern": 4}
"""Of a batch of all blocks: half in pairs of one product, half by kind, and a quarter more by pattern."""


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views by their rows; of a stage with the backbone also its maps and masks (see :class:`Features`)."""

    rows: NDArray[np.int64]
    middle: tuple[Tensor, Tensor] | None = None

    @property
    def pictures(self) -> int:
        """Views."""
        return len(self.rows)


class EncoderTask(Task[EncoderRecipe, ViewBatch]):
    """A :class:`DefaultEncoder` on stored features.

    Batch norms keep ImageNet's statistics. Heads that are linear start as principal components; the cosines of these
    are the reference of :func:`~streetshop.lab.losses.contrast.keep_relations`. The reference of the others is the
    colours' counts.
    """

    devices = ("cpu",)
    network: DefaultEncoder

    def __init__(self, recipe: EncoderRecipe, views: Features, place: Place, *, weights: str = "imagenet") -> None:
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        super().__init__(recipe, place, build_encoder(recipe, weights=weights))
        self.views = views
        self.threads = torch.get_num_threads()
        heads = self.network.heads
        values = torch.from_numpy(views.values.astype(np.float32))
        heads.settle(values)
        settled = heads.settled(values)
        self.references: dict[str, Tensor] = {
            name: self._reference(name, index, settled) for index, name in enumerate(recipe.blocks)
        }
        self.settled: Tensor | None = settled
        self.targets: dict[str, Targets] = {}
        self.replicas: Replicas[Upper] | None = None

    def _reference(self, name: str, index: int, settled: Tensor) -> Tensor:
        """(views, n) unit vectors whose cosines are to be kept."""
        heads, layer = self.network.heads, self.network.heads.layers[name]
        if not isinstance(layer, torch.nn.Linear):
            return functional.normalize(settled[:, span(heads.parts[name][0])], dim=1)
        inputs = heads.chosen(name, settled)
        torch.manual_seed(torch_seed(self.recipe.seed, WEIGHTS, index))
        start_from_components(layer, inputs)
        with torch.no_grad():
            return functional.normalize(layer(inputs), dim=1)

    def length(self, index: int) -> Length:
        """The stage's steps."""
        stage = self.recipe.stages[index]
        return Length(stage.steps, _TUNING_EPOCH if stage.learns == "all" else _HEAD_EPOCH)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """Choose the blocks that learn: one, or all that see the upper backbone."""
        stage, heads = self.recipe.stages[index], self.network.heads
        rate, decay = stage.rate, stage.optimiser.weight_decay
        if stage.learns == "all":
            names = [name for name in self.recipe.blocks if set(heads.parts[name]) & set(_MOVED)]
        else:
            names = [stage.learns]
        self.targets = {name: targets_of(name, self.views, self.recipe) for name in names}
        layers = [parameter for name in names for parameter in heads.layers[name].parameters()]
        self.replicas, self.settled = None, None
        if stage.learns != "all":
            torch.set_num_threads(self.threads)
            self.settled = heads.settled(torch.from_numpy(self.views.values.astype(np.float32)))
            return {"all": build_optimiser(stage.optimiser, [group(layers, rate.head, decay)])}
        # Channels last, and a thread for each part of a batch: more than twice as fast as neither, on two cores.
        upper = self.network.taps.upper.to(memory_format=torch.channels_last)
        torch.set_num_threads(max(self.threads // self.recipe.workers, 1))
        self.replicas = Replicas(upper, self.recipe.workers)
        groups = [
            group(upper.parameters(), rate.of_backbone, decay),
            group(layers, rate.head, decay, clip=False),
        ]
        return {"all": build_optimiser(stage.optimiser, groups)}

    def begin_epoch(self, epoch: int) -> None:
        """Batch norms keep their statistics, so the network stays in evaluation mode."""
        self.network.eval()

    def batches(self, at: Position) -> Iterator[ViewBatch]:
        """The rest of the epoch; the draws depend on the seed and the place in the run alone."""
        stage, length = self.recipe.stages[at.stage], self.length(at.stage)
        for batch in range(at.batch, length.batches(at.epoch)):
            rng = generator(self.recipe.seed, PLAN, at.stage, at.epoch, batch)
            if stage.learns != "all":
                yield ViewBatch(self.targets[stage.learns].draw(rng, stage.batch))
                continue
            drawn = [
                self.targets[name].draw(rng, stage.batch // share)
                for name, share in _SHARES.items()
                if name in self.targets
            ]
            rows = np.unique(np.concatenate(drawn))
            yield ViewBatch(rows, self._middle(rows, rng))

    def _middle(self, rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Stored maps of the backbone's middle and their masks; every other view is mirrored there."""
        middle = torch.from_numpy(self.views.middle[rows].astype(np.float32))
        cover = torch.from_numpy(self.views.cover[rows].astype(np.float32))[:, None] / 255
        turned = torch.from_numpy(rng.random(len(rows)) < 0.5)[:, None, None, None]
        middle = torch.where(turned, middle.flip(3), middle).contiguous(memory_format=torch.channels_last)
        return middle, torch.where(turned, cover.flip(3), cover)

    def learn(self, batch: ViewBatch, at: Position, update: Update) -> Values:
        """The losses of the blocks that learn, added up."""
        heads, rows = self.network.heads, batch.rows
        replicas = self.replicas
        if batch.middle is None or replicas is None:
            loss, values = self._losses(cast(Tensor, self.settled)[rows], rows)
            update(loss)
            return values
        moved = replicas(*batch.middle)
        fixed = torch.from_numpy(self.views.values[rows].astype(np.float32))[:, sum(PARTS[name] for name in _MOVED) :]
        loss, values = self._losses(heads.settled(torch.cat([moved, fixed], dim=1)), rows)

        def backward() -> None:
            loss.backward()
            replicas.backward(moved)

        update(backward)
        return values

    def _losses(self, settled: Tensor, rows: NDArray[np.int64]) -> tuple[Tensor, Values]:
        heads = self.network.heads
        values: dict[str, Tensor] = {}
        for name, block in self.recipe.blocks.items():
            if name not in self.targets:
                continue
            targets = self.targets[name]
            inputs = functional.dropout(heads.chosen(name, settled), block.dropout)
            vectors = functional.normalize(heads.layers[name](inputs), dim=1)
            values[f"loss/{name}"] = block_loss(vectors, targets, rows, self.references[name], block)
        return sum(values.values(), torch.zeros(())), {**values}


def build_encoder(recipe: EncoderRecipe, *, weights: str = "none") -> DefaultEncoder:
    """The recipe's network; ``weights`` of the backbone: imagenet or none."""
    blocks = recipe.blocks
    heads = Heads(
        {name: block.dim for name, block in blocks.items()},
        {name: block.parts for name, block in blocks.items()},
        {name: block.hidden for name, block in blocks.items()},
    )
    return DefaultEncoder(Taps(weights=weights), heads).eval()
