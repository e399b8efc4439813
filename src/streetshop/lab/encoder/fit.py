"""Learning the heads from stored features of the frozen trunk: each block from its own labels, a minute or two each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.errors import RunError
from streetshop.lab.encoder.features import Features
from streetshop.lab.encoder.heads import (
    Heads,
    as_codes,
    keep_relations,
    span,
    start_from_components,
    supervised_contrast,
)
from streetshop.lab.encoder.recipe import EncoderRecipe, Teaching
from streetshop.lab.training.progress import say

Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labels that teach a block.

    Attributes:
        labels: (views,) codes; -1 for views that are no part of it.
        groups: (views,) codes; pictures of one group are never compared.
        sources: (views,) codes of vocabularies, or None where there is one.
        draw: a batch of views.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    sources: NDArray[np.int64] | None
    draw: Draw


def fit_heads(heads: Heads, views: Features, recipe: EncoderRecipe) -> dict[str, Tensor]:
    """Teach every block in turn.

    Returns:
        The (views, n) unit vectors of each block whose cosines are to be kept.
    """
    values = torch.from_numpy(views.values.astype(np.float32))
    heads.settle(values)
    settled = heads.settled(values)
    references = {}
    for name, teaching in recipe.blocks.items():
        torch.manual_seed(recipe.seed)
        references[name] = fit_block(heads, name, settled, LESSONS[name](views), teaching, recipe.seed)
    return references


def fit_block(heads: Heads, name: str, settled: Tensor, lesson: Lesson, teaching: Teaching, seed: int) -> Tensor:
    """Adam on one block's layers; the rate falls along a cosine to nothing. Returns the reference, see above."""
    layer = heads.layers[name]
    inputs = heads.chosen(name, settled)
    reference = _reference(heads, name, settled)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=teaching.rate, weight_decay=teaching.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, teaching.steps)
    rng = np.random.default_rng(seed)
    for step in range(1, teaching.steps + 1):
        rows = lesson.draw(rng, teaching.batch)
        vectors = functional.normalize(layer(functional.dropout(inputs[rows], teaching.dropout)), dim=1)
        loss = lesson_loss(vectors, lesson, rows, reference, teaching)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0 or step == teaching.steps:
            say(f"{name}: step {step} of {teaching.steps}, loss {loss.item():.3f}")
    return reference


def lesson_loss(
    vectors: Tensor, lesson: Lesson, rows: NDArray[np.int64], reference: Tensor, teaching: Teaching
) -> Tensor:
    """What the vectors of some views cost."""
    sources = None if lesson.sources is None else torch.from_numpy(lesson.sources[rows])
    labels, groups = torch.from_numpy(lesson.labels[rows]), torch.from_numpy(lesson.groups[rows])
    loss = supervised_contrast(vectors, labels, groups, teaching.temperature, sources)
    return loss + teaching.keep * keep_relations(vectors, reference[rows])


def _reference(heads: Heads, name: str, settled: Tensor) -> Tensor:
    """A linear layer starts as principal components, and those are kept to; layers of colours start at random and keep
    to the counts over the whole garment."""
    layer = heads.layers[name]
    if isinstance(layer, torch.nn.Linear):
        inputs = heads.chosen(name, settled)
        start_from_components(layer, inputs)
        with torch.no_grad():
            return functional.normalize(layer(inputs), dim=1)
    return functional.normalize(settled[:, span(heads.parts[name][0])], dim=1)


def identity(views: Features) -> Lesson:
    """Pictures of one product, half of each batch from one category: hard negatives."""
    labels = as_codes([i.product if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)])
    kinds = np.asarray([item.category for item in views.items])
    products = [np.flatnonzero(labels == code) for code in range(labels.max() + 1)]
    products = [rows for rows in products if len(rows) > 1]
    by_kind: dict[str, list[int]] = {}
    for place, rows in enumerate(products):
        by_kind.setdefault(str(kinds[rows[0]]), []).append(place)
    if len(products) < 2:
        raise RunError("no two products with two pictures each to learn from", hint="Make more pairs")
    crowds = [np.asarray(places) for places in by_kind.values() if len(places) > 30]

    def draw(rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
        count = min(batch // 2, len(products))
        crowd = crowds[rng.integers(len(crowds))] if crowds else np.arange(len(products))
        near = rng.choice(crowd, min(count // 2, len(crowd)), replace=False)
        every = rng.choice(len(products), count - len(near), replace=False)
        chosen = np.union1d(near, every)
        return np.concatenate([rng.choice(products[place], 2, replace=False) for place in chosen])

    # Only a picture itself is passed over.
    return Lesson(labels, np.arange(len(labels)), None, draw)


def kind(views: Features) -> Lesson:
    """Kinds named by eye and categories, across senders and photos; rare ones are drawn more often."""
    names = [i.kind if i.source == "clothing" else i.category.lower() for i in views.items]
    labels = as_codes([n if f != "cloth" else "" for n, f in zip(names, views.forms, strict=True)])
    sources = np.asarray([item.source == "clothing" for item in views.items], np.int64)
    return Lesson(labels, as_codes([i.group for i in views.items]), sources, _evenly(labels, sources))


def pattern(views: Features) -> Lesson:
    """Names of patterns, given by eye to photos of the Clothing dataset, across senders; close pieces too."""
    labels = as_codes([item.pattern for item in views.items])
    return Lesson(labels, as_codes([i.group for i in views.items]), None, _evenly(labels, np.zeros_like(labels)))


def tint(views: Features) -> Lesson:
    """Names of colours, given by eye to photos of the Clothing dataset, across senders; not of recoloured pieces."""
    labels = as_codes([i.colour if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)])
    return Lesson(labels, as_codes([i.group for i in views.items]), None, _evenly(labels, np.zeros_like(labels)))


LESSONS: Final = {"style": identity, "colour": tint, "shape": kind, "pattern": pattern}
"""What teaches each block."""


def _evenly(labels: NDArray[np.int64], sources: NDArray[np.int64]) -> Draw:
    """Draws views so that a label's chance goes with the root of its number."""
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        raise RunError("nothing is labelled", hint="Check the folders of photos")
    keys = labels[known] * (sources.max() + 1) + sources[known]
    counts = np.bincount(keys)
    chance = 1 / np.sqrt(counts[keys])
    chance /= chance.sum()
    return lambda rng, batch: rng.choice(known, min(batch, len(known)), replace=False, p=chance)
