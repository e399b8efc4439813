"""Teaching the upper part of the backbone together with the heads, from stored maps of its middle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.core.progress import say
from streetshop.lab.nets.encoder_heads import Heads
from streetshop.lab.nets.taps import PARTS, Upper
from streetshop.lab.train.replicas import Replicas
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.fit import Lesson, lesson_loss, lesson_of
from streetshop.lab.train.tasks.encoder.recipe import EncoderRecipe, Tuning

_MOVED: Final = ("global", "garment")
"""Parts of the features that the upper backbone makes."""
_KEPT_EVERY: Final = 20
"""Steps from one checkpoint to the next."""


def tune(
    upper: Upper,
    heads: Heads,
    views: Features,
    references: Mapping[str, Tensor],
    recipe: EncoderRecipe,
    checkpoint: Path,
) -> None:
    """Teach ``upper`` and ``heads``, in place; goes on from ``checkpoint`` where there is one.

    The losses are those of the heads. Blocks that see nothing of the upper backbone are left as they are. The batch
    norms' statistics stay ImageNet's.
    """
    tuning = recipe.tuning
    if tuning is None:
        return
    taught = [name for name in recipe.blocks if set(heads.parts[name]) & set(_MOVED)]
    lessons: dict[str, Lesson] = {name: lesson_of(name, views, recipe) for name in taught}
    layers = [heads.layers[name] for name in taught]
    optimiser = torch.optim.AdamW(
        [
            {"params": list(upper.parameters()), "lr": tuning.rate},
            {"params": [p for layer in layers for p in layer.parameters()], "lr": tuning.head_rate},
        ],
        weight_decay=tuning.decay,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, tuning))
    parts = {"upper": upper, "heads": heads, "optimiser": optimiser, "schedule": schedule}
    done = _resume(checkpoint, parts)
    upper.eval()
    # Channels last, and a thread for each half of a batch: more than twice as fast as neither, on two cores.
    backbones = Replicas(upper.to(memory_format=torch.channels_last), tuning.workers)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(threads // tuning.workers, 1))
    for step in range(done + 1, tuning.steps + 1):
        rng = np.random.default_rng([recipe.seed, step])
        torch.manual_seed(recipe.seed + step)
        rows = _draw(lessons, rng, tuning.batch)
        moved = backbones(*_middles(views, rows, rng))
        fixed = torch.from_numpy(views.values[rows].astype(np.float32))[:, sum(PARTS[name] for name in _MOVED) :]
        settled = heads.settled(torch.cat([moved, fixed], dim=1))
        losses = {}
        for name in taught:
            inputs = functional.dropout(heads.chosen(name, settled), recipe.blocks[name].dropout)
            vectors = functional.normalize(heads.layers[name](inputs), dim=1)
            losses[name] = lesson_loss(vectors, lessons[name], rows, references[name], recipe.blocks[name])
        optimiser.zero_grad()
        sum(losses.values(), torch.zeros(())).backward()
        backbones.backward(moved)
        nn.utils.clip_grad_norm_(upper.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        if step % _KEPT_EVERY == 0 or step == tuning.steps:
            _keep(checkpoint, parts, step)
            told = ", ".join(f"{name} {loss.item():.3f}" for name, loss in losses.items())
            say(f"tuning: step {step} of {tuning.steps}, {told}")
    torch.set_num_threads(threads)


def _draw(lessons: Mapping[str, Lesson], rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
    """Half of a batch in pairs of one product, half by kind, and a quarter more by pattern; each view once."""
    drawn = [
        lessons[name].draw(rng, size) for name, size in zip(_SHARES, _sizes(batch), strict=True) if name in lessons
    ]
    return np.unique(np.concatenate(drawn))


_SHARES: Final = ("style", "shape", "pattern")


def _sizes(batch: int) -> tuple[int, int, int]:
    return batch // 2, batch // 2, batch // 4


def _middles(views: Features, rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Stored maps of the backbone's middle and their masks; every other view is mirrored there."""
    middle = torch.from_numpy(views.middle[rows].astype(np.float32))
    cover = torch.from_numpy(views.cover[rows].astype(np.float32))[:, None] / 255
    turned = torch.from_numpy(rng.random(len(rows)) < 0.5)[:, None, None, None]
    middle = torch.where(turned, middle.flip(3), middle).contiguous(memory_format=torch.channels_last)
    return middle, torch.where(turned, cover.flip(3), cover)


def _rate(step: int, tuning: Tuning) -> float:
    warm = min((step + 1) / max(tuning.warm_up, 1), 1.0)
    return warm * 0.5 * (1 + math.cos(math.pi * min(step / tuning.steps, 1.0)))


def _keep(path: Path, parts: Mapping[str, Any], step: int) -> None:
    partial = path.with_suffix(".part")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, partial)
    partial.replace(path)


def _resume(path: Path, parts: Mapping[str, Any]) -> int:
    """The step that was kept; 0 when there is nothing."""
    if not path.is_file():
        return 0
    kept = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(kept[name])
    say(f"tuning: goes on after step {kept['step']}")
    return int(kept["step"])
