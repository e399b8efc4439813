"""Method 1's converter, trained against its two discriminators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from streetshop.core.errors import UsageError
from streetshop.core.files import output_file
from streetshop.lab.core.devices import Place
from streetshop.lab.core.seeds import AUGMENT, NEGATIVES, PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.losses.conversion import ASSOCIATED, GENERATED, converter_loss, domain_loss, judge_apart, real_loss
from streetshop.lab.nets.converter import Converter, DomainDiscriminator, RealDiscriminator
from streetshop.lab.sampling import triplet_pool
from streetshop.lab.sampling.samplers import TripletPool, draw_queries, random_negatives, triplet_plan
from streetshop.lab.train import augment
from streetshop.lab.train.data import RunData
from streetshop.lab.train.recipe import ConverterRecipe
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
from streetshop.lab.train.vectors import to_pixels

_SAMPLES: Final = 8


def to_unit(pixels: Tensor) -> Tensor:
    """Pixels from 0 to 255 to the converter's -1..1."""
    return pixels / 127.5 - 1


@dataclass(frozen=True, eq=False)
class TripletBatch:
    """Street pictures, pictures of their products and of others, each (b, 3, 64, 64) from -1 to 1."""

    source: Tensor
    associated: Tensor
    irrelevant: Tensor

    @property
    def pictures(self) -> int:
        """Of all three."""
        return 3 * len(self.source)


class ConverterTask(Task[ConverterRecipe, TripletBatch]):
    """Street pictures and the shop pictures of their products; an epoch is a pass of the street pictures."""

    network: Converter
    judged: Converter

    def __init__(self, recipe: ConverterRecipe, data: RunData, out: Path, place: Place) -> None:
        uneven = next((stage.batch for stage in recipe.stages if stage.batch % place.world), None)
        if uneven:
            raise UsageError(
                f"a batch of {uneven} cannot be shared evenly by {place.world} processes", where="stages.*.batch"
            )
        self.data, self.out = data, out
        self.triplets: TripletPool = triplet_pool(data.pool(), cross=True)
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        super().__init__(recipe, place, Converter(recipe.channels))
        self.nets: dict[str, nn.Module] = {
            "converter": self.network,
            "real": RealDiscriminator(recipe.channels).to(place.device),
            "domain": DomainDiscriminator(recipe.channels).to(place.device),
        }
        self.wrapped = {name: self._wrap(net) for name, net in self.nets.items()}

    def _wrap(self, net: nn.Module) -> nn.Module:
        if self.place.world == 1:
            return net
        # Several forward passes come before one backward: batch-norm buffers must not be overwritten in between.
        return DistributedDataParallel(net, broadcast_buffers=False)

    def length(self, index: int) -> Length:
        """An epoch is a pass of the street pictures."""
        stage = self.recipe.stages[index]
        batches = -(-len(self.triplets.queries) // stage.batch)
        return Length(stage.epochs * batches, batches)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """An optimiser for each of the three networks."""
        stage = self.recipe.stages[index]
        return {
            name: build_optimiser(
                stage.optimiser,
                without_decay_of_vectors(list(net.parameters()), stage.rate.head, stage.optimiser.weight_decay),
            )
            for name, net in self.nets.items()
        }

    def begin_epoch(self, epoch: int) -> None:
        """All three learn."""
        for net in self.nets.values():
            net.train()

    def _plan(self, at: Position) -> NDArray[np.int64]:
        """(batches, batch, 3) rows of street pictures, their products' pictures, and irrelevant products' pictures."""
        batch = self.recipe.stages[at.stage].batch
        place = (at.stage, at.epoch) if at.stage else (at.epoch,)
        queries, positives = draw_queries(
            self.triplets, self.length(at.stage).epoch * batch, generator(self.recipe.seed, PLAN, *place)
        )
        places = self.triplets.queries[queries]
        negatives = random_negatives(self.triplets, places, generator(self.recipe.seed, NEGATIVES, *place))
        return triplet_plan(self.triplets, places, positives, negatives, batch=batch)

    def batches(self, at: Position) -> Iterator[TripletBatch]:
        """The rest of the epoch's plan."""
        recipe, place = self.recipe, self.place
        for number, groups in enumerate(self._plan(at)[at.batch :], at.batch):
            rng = generator(recipe.seed, AUGMENT, at.epoch, number, place.rank)
            rows = groups[place.rank :: place.world].T.reshape(-1)
            pixels = to_pixels(self.data.pictures, rows, place.device)
            draws = augment.draw(recipe.augment, self.data.shop[rows], rng)
            yield TripletBatch(*to_unit(augment.apply(pixels, draws, recipe.input.background)).chunk(3))

    def learn(self, batch: TripletBatch, at: Position, update: Update) -> Values:
        """One turn of each player; logs losses and how often the discriminators are right."""
        hold_above = self.recipe.hold_above
        source = batch.source
        precise = torch.autocast(source.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16")
        with precise:
            generated = self.wrapped["converter"](source)
            kinds = (batch.associated, generated.detach().to(source.dtype), batch.irrelevant)
            real_logits, which = judge_apart(self.wrapped["real"], kinds)
        real = real_loss(real_logits.float(), which)
        real_right = _share_right(real_logits, which != GENERATED)
        update(real, "real", step=real_right <= hold_above)
        with precise:
            domain_logits, which = judge_apart(self.wrapped["domain"], (source,) * 3, kinds)
        domain = domain_loss(domain_logits.float(), which)
        domain_right = _share_right(domain_logits, which == ASSOCIATED)
        update(domain, "domain", step=domain_right <= hold_above)
        # The converter's turn: gradients pass through the discriminators, which do not learn from it.
        for name in ("real", "domain"):
            self.nets[name].requires_grad_(False)
        with precise:
            judged = self.nets["real"](generated).float(), self.nets["domain"](source, generated).float()
        loss = converter_loss(*judged, form=self.recipe.form)
        update(loss, "converter")
        for name in ("real", "domain"):
            self.nets[name].requires_grad_(True)
        return {
            "loss/real": real,
            "loss/domain": domain,
            "loss/converter": loss,
            "right/real": real_right,
            "right/domain": domain_right,
        }

    @torch.inference_mode()
    def validate(self, at: Position) -> Validation:
        """Difference of converted validation pictures from a shop picture of their product, and a sheet of examples.

        The score is the negative mean absolute difference, in pixels of 0 to 255.
        """
        if not self.place.first:
            return Validation()
        converter = self.judged.eval()
        pairs = self._pairs()
        differences, sheets = [], []
        for start in range(0, len(pairs), 64):
            street, shop = (
                to_pixels(self.data.pictures, part, self.place.device) for part in pairs[start : start + 64].T
            )
            made = (converter(to_unit(street)) + 1) * 127.5
            differences.extend((made - shop).abs().mean((1, 2, 3)).tolist())
            if start == 0:
                sheets = [part[:_SAMPLES].clamp(0, 255).byte().cpu() for part in (street, made, shop)]
        if not sheets:
            return Validation(text="no validation pairs")
        _write_sheet(self.out / "samples" / f"epoch-{at.epoch:03}.png", sheets)
        off = float(np.mean(differences))
        return Validation(-off, f"validation pictures are off by {off:.2f} of 255", {"val/difference": off})

    def _pairs(self) -> NDArray[np.int64]:
        """(n, 2) validation rows: a street picture and the first shop picture of its product."""
        rows, shop = self.data.val, self.data.shop
        products = self.data.manifest.column("product_id")
        first = {products[row]: row for row in rows[shop[rows]][::-1].tolist() if products[row]}
        pairs = [(row, first[products[row]]) for row in rows[~shop[rows]].tolist() if products[row] in first]
        return np.asarray(pairs, np.int64).reshape(-1, 2)

    def state(self, at: Position) -> dict[str, Any]:
        """The discriminators."""
        return {name: self.nets[name].state_dict() for name in ("real", "domain")}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :meth:`state`."""
        for name in ("real", "domain"):
            self.nets[name].load_state_dict(state[name])


def _share_right(logits: Tensor, truth: Tensor) -> float:
    return float(((logits > 0) == truth).float().mean())


def _write_sheet(path: Path, rows: list[Tensor]) -> None:
    """Pictures (n, 3, h, w) of each row side by side, rows below each other."""
    lines = [np.concatenate(list(row.permute(0, 2, 3, 1).numpy()), axis=1) for row in rows]
    with output_file(path) as partial:
        Image.fromarray(np.concatenate(lines, axis=0)).save(partial, path.suffix[1:])
