"""Training method 1's converter against its two discriminators."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core import files
from streetshop.lab.core.devices import Place
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.core.seeds import AUGMENT, NEGATIVES, PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.losses.conversion import ASSOCIATED, GENERATED, converter_loss, domain_loss, judge_apart, real_loss
from streetshop.lab.nets.converter import Converter, DomainDiscriminator, RealDiscriminator
from streetshop.lab.sampling import triplet_pool
from streetshop.lab.sampling.samplers import TripletPool, draw_queries, random_negatives, triplet_plan
from streetshop.lab.train import augment
from streetshop.lab.train.build import build_optimiser
from streetshop.lab.train.data import RunData
from streetshop.lab.train.recipe import ConverterRecipe
from streetshop.lab.train.schedules import rate_factor
from streetshop.lab.train.tasks.embedding import LOG_EVERY, Position
from streetshop.lab.train.vectors import to_pixels

_SAMPLES = 8


def to_unit(pixels: Tensor) -> Tensor:
    """Pixels from 0 to 255 to the converter's -1..1."""
    return pixels / 127.5 - 1


class ConverterLoop:
    """Trains a converter on street pictures and the shop pictures of their products; resumable at every epoch."""

    def __init__(self, recipe: ConverterRecipe, data: RunData, out: Path, place: Place) -> None:
        if recipe.precision == "fp16":
            raise UsageError("a converter does not train in fp16", where="precision: fp16", hint="Use bf16 or fp32")
        if recipe.batch % place.world:
            raise UsageError(f"a batch of {recipe.batch} cannot be shared evenly by {place.world}", where="batch")
        self.recipe, self.data, self.out, self.place = recipe, data, out, place
        self.triplets: TripletPool = triplet_pool(data.pool(), cross=True)
        self.batches = -(-len(self.triplets.queries) // recipe.batch)
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        self.nets = {
            "converter": Converter(recipe.width).to(place.device),
            "real": RealDiscriminator(recipe.width).to(place.device),
            "domain": DomainDiscriminator(recipe.width).to(place.device),
        }
        self.optimisers = {
            name: build_optimiser(recipe.optimiser, list(net.parameters()), []) for name, net in self.nets.items()
        }
        self.at = Position()

    def run(self) -> Position:
        """Train, or go on where the checkpoint says."""
        saved = files.read_checkpoint(self.out / files.CHECKPOINT, self.place.device)
        if saved is not None:
            self._restore(saved)
            if self.at.finished:
                return self.at
        self.wrapped = {name: self._wrap(net) for name, net in self.nets.items()}
        self.log = files.MetricsLog(self.out, step=self.at.step if saved else -1, enabled=self.place.first)
        limit = None if self.recipe.minutes is None else 60 * self.recipe.minutes
        left = (self.recipe.epochs - self.at.epoch) * self.batches
        with Progress("training", left, enabled=self.place.first) as self.progress:
            for epoch in range(self.at.epoch, self.recipe.epochs):
                self.at.epoch = epoch
                over = self._epoch(limit)
                self.at.epoch = epoch + 1
                self._validate()
                tired = self.recipe.patience is not None and self.at.stale >= self.recipe.patience
                if tired or over:
                    self.at.epoch = self.recipe.epochs
                self._save()
                if tired or over:
                    break
        self.at.finished = True
        self._save()
        self.log.close()
        if self.place.first:
            files.write_weights(self.out / files.LAST, self.nets["converter"].state_dict(), self._about(math.nan))
        self.place.wait()
        return self.at

    def _wrap(self, net: nn.Module) -> nn.Module:
        if self.place.world == 1:
            return net
        # Several forward passes come before one backward: batch-norm buffers must not be overwritten in between.
        return DistributedDataParallel(net, broadcast_buffers=False)

    def _plan(self) -> NDArray[np.int64]:
        """(batches, batch, 3) rows of street pictures, their products' pictures, and irrelevant products' pictures."""
        rng = generator(self.recipe.seed, PLAN, self.at.epoch)
        queries, positives = draw_queries(self.triplets, self.batches * self.recipe.batch, rng)
        places = self.triplets.queries[queries]
        negatives = random_negatives(self.triplets, places, generator(self.recipe.seed, NEGATIVES, self.at.epoch))
        return triplet_plan(self.triplets, places, positives, negatives, batch=self.recipe.batch)

    def _epoch(self, limit: float | None) -> bool:
        began, count = time.monotonic(), 0
        sums: dict[str, float] = {}
        for net in self.nets.values():
            net.train()
        for batch, groups in enumerate(self._plan()):
            values = self._learn(batch, groups[self.place.rank :: self.place.world])
            self.at.step += 1
            count += 1
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value
            if count == LOG_EVERY or batch + 1 == self.batches:
                self._report({name: value / count for name, value in sums.items()})
                sums, count = {}, 0
            self.progress.advance(1, f"epoch {self.at.epoch + 1}/{self.recipe.epochs}")
            over = limit is not None and self.at.seconds + time.monotonic() - began > limit
            if limit is not None and self.place.share(float(over)):
                self.at.seconds += time.monotonic() - began
                return True
        self.at.seconds += time.monotonic() - began
        return False

    def _learn(self, batch: int, groups: NDArray[np.int64]) -> dict[str, float]:
        """One turn of each player; returns losses and how often the discriminators are right."""
        place, recipe = self.place, self.recipe
        rng = generator(recipe.seed, AUGMENT, self.at.epoch, batch, place.rank)
        rows = groups.T.reshape(-1)
        pixels = to_pixels(self.data.pictures, rows, place.device)
        draws = augment.draw(recipe.augment, self.data.shop[rows], rng)
        source, associated, irrelevant = to_unit(augment.apply(pixels, draws, recipe.input.background)).chunk(3)
        self._set_rates(batch)
        precise = torch.autocast(place.device.type, torch.bfloat16, enabled=recipe.precision == "bf16")
        with precise:
            generated = self.wrapped["converter"](source)
            kinds = (associated, generated.detach().to(associated.dtype), irrelevant)
            real_logits, which = judge_apart(self.wrapped["real"], kinds)
        real = real_loss(real_logits.float(), which)
        real_right = _share_right(real_logits, which != GENERATED)
        self._step("real", real, real_right)
        with precise:
            domain_logits, which = judge_apart(self.wrapped["domain"], (source,) * 3, kinds)
        domain = domain_loss(domain_logits.float(), which)
        domain_right = _share_right(domain_logits, which == ASSOCIATED)
        self._step("domain", domain, domain_right)
        # The converter's turn: gradients pass through the discriminators, which do not learn from it.
        for name in ("real", "domain"):
            self.nets[name].requires_grad_(False)
        with precise:
            judged = self.nets["real"](generated).float(), self.nets["domain"](source, generated).float()
        loss = converter_loss(*judged, form=recipe.form)
        self._step("converter", loss, 0.0)
        for name in ("real", "domain"):
            self.nets[name].requires_grad_(True)
        return {
            "loss/real": real.item(),
            "loss/domain": domain.item(),
            "loss/converter": loss.item(),
            "right/real": real_right,
            "right/domain": domain_right,
        }

    def _set_rates(self, batch: int) -> None:
        done = self.at.epoch * self.batches + batch
        factor = rate_factor(
            self.recipe.schedule, batch=done, epoch=self.at.epoch, batches=self.recipe.epochs * self.batches
        )
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * factor

    def _step(self, name: str, loss: Tensor, right: float) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        # All processes must agree, or their weights would part.
        if self.place.share(float(right <= self.recipe.hold_above)):
            optimiser.step()

    def _report(self, means: dict[str, float]) -> None:
        bad = [name for name, value in means.items() if not math.isfinite(value)]
        if bad:
            raise RunError(
                f"{bad[0]} became {means[bad[0]]} at batch {self.at.step}",
                where=self.recipe.name,
                hint="Lower optimiser.rate; the last checkpoint is kept",
            )
        self.log.write(self.at.step, {"stage": "convert", "epoch": self.at.epoch + 1, **means})

    @torch.inference_mode()
    def _validate(self) -> None:
        """Mean absolute difference, in pixels of 0 to 255, between converted validation pictures and a shop picture of
        their product; and a sheet of examples.
        """
        if not self.place.first:
            self._judge(self.place.share(0.0))
            return
        converter = self.nets["converter"].eval()
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
        score = -float(np.mean(differences)) if differences else math.nan
        if sheets:
            _write_sheet(self.out / "samples" / f"epoch-{self.at.epoch:03}.png", sheets)
        self.log.write(self.at.step, {"stage": "convert", "epoch": self.at.epoch, "val/difference": -score})
        say(f"epoch {self.at.epoch}: validation pictures are off by {-score:.2f} of 255")
        self._judge(self.place.share(score))

    def _judge(self, score: float) -> None:
        if math.isnan(score) or score > self.at.best:
            self.at.best = -math.inf if math.isnan(score) else score
            self.at.best_step, self.at.stale = self.at.step, 0
            if self.place.first:
                files.write_weights(self.out / files.BEST, self.nets["converter"].state_dict(), self._about(score))
        else:
            self.at.stale += 1

    def _pairs(self) -> NDArray[np.int64]:
        """(n, 2) validation rows: a street picture and the first shop picture of its product."""
        rows, shop = self.data.val, self.data.shop
        products = self.data.manifest.column("product_id")
        first = {products[row]: row for row in rows[shop[rows]][::-1].tolist() if products[row]}
        pairs = [(row, first[products[row]]) for row in rows[~shop[rows]].tolist() if products[row] in first]
        return np.asarray(pairs, np.int64).reshape(-1, 2)

    def _about(self, score: float) -> dict[str, str]:
        return {"recipe": self.recipe.name, "step": str(self.at.step), "validation": f"{score:.6f}"}

    def _save(self) -> None:
        if self.place.first:
            state: dict[str, Any] = {"position": vars(self.at)}
            for name in self.nets:
                state[name] = self.nets[name].state_dict()
                state[f"{name}_optimiser"] = self.optimisers[name].state_dict()
            files.write_checkpoint(self.out / files.CHECKPOINT, state)

    def _restore(self, saved: dict[str, Any]) -> None:
        self.at = Position(**saved["position"])
        for name in self.nets:
            self.nets[name].load_state_dict(saved[name])
            self.optimisers[name].load_state_dict(saved[f"{name}_optimiser"])


def _share_right(logits: Tensor, truth: Tensor) -> float:
    return float(((logits > 0) == truth).float().mean())


def _write_sheet(path: Path, rows: list[Tensor]) -> None:
    """Pictures (n, 3, h, w) of each row side by side, rows below each other."""
    path.parent.mkdir(exist_ok=True)
    lines = [np.concatenate(list(row.permute(0, 2, 3, 1).numpy()), axis=1) for row in rows]
    Image.fromarray(np.concatenate(lines, axis=0)).save(path)
