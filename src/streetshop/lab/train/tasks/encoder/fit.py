"""Learning the heads from stored features of the frozen backbone: each block from its own labels, minutes each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.lab.core.progress import say
from streetshop.lab.nets.encoder_heads import (
    Heads,
    as_codes,
    keep_relations,
    span,
    start_from_components,
    supervised_contrast,
)
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.recipe import EncoderRecipe, Teaching

_STUDIO: Final = 2
_VOCABULARIES: Final = {"pair": 0, "ccp": 0, "clothing": 1, "studio": _STUDIO}
Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labels that teach a block.

    Attributes:
        labels: (views,) codes; -1 for views that are no part of it.
        groups: (views,) codes; pictures of one group are never compared.
        sources: (views,) codes of vocabularies, or None where there is one.
        draw: a batch of views.
        also: weights of further lessons, learned from the same batches.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    sources: NDArray[np.int64] | None
    draw: Draw
    also: tuple[tuple[float, Lesson], ...] = ()


def fit_heads(heads: Heads, views: Features, recipe: EncoderRecipe) -> dict[str, Tensor]:
    """Teach every block in turn.

    Returns:
        The (views, n) unit vectors of each block whose cosines are to be kept.
    """
    values = torch.from_numpy(views.values.astype(np.float32))
    heads.settle(values)
    settled = heads.settled(values)
    references: dict[str, Tensor] = {}
    for name, teaching in recipe.blocks.items():
        torch.manual_seed(recipe.seed)
        references[name] = fit_block(heads, name, settled, lesson_of(name, views, recipe), teaching, recipe.seed)
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
    loss = _contrast(vectors, lesson, rows, teaching.temperature)
    if teaching.names:
        for weight, other in lesson.also:
            loss = loss + weight * _contrast(vectors, other, rows, teaching.names.temperature)
    return loss + teaching.keep * keep_relations(vectors, reference[rows])


def _contrast(vectors: Tensor, lesson: Lesson, rows: NDArray[np.int64], temperature: float) -> Tensor:
    sources = None if lesson.sources is None else torch.from_numpy(lesson.sources[rows])
    labels, groups = torch.from_numpy(lesson.labels[rows]), torch.from_numpy(lesson.groups[rows])
    return supervised_contrast(vectors, labels, groups, temperature, sources)


def _reference(heads: Heads, name: str, settled: Tensor) -> Tensor:
    """A linear layer starts as principal components, and those are kept to; layers of colours start at random and keep
    to the counts over the whole garment.
    """
    layer = heads.layers[name]
    if isinstance(layer, torch.nn.Linear):
        inputs = heads.chosen(name, settled)
        start_from_components(layer, inputs)
        with torch.no_grad():
            return functional.normalize(layer(inputs), dim=1)
    return functional.normalize(settled[:, span(heads.parts[name][0])], dim=1)


def identity(views: Features) -> Lesson:
    """Pictures of one product, half of each batch from one category: hard negatives."""
    labels = as_codes([i.product_id if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)])
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


def kind(views: Features, drawn: float = 0.0) -> Lesson:
    """Kinds named by eye and categories, across senders and photos; rare ones are drawn more often."""
    names = [i.category.lower() if i.source in ("pair", "ccp") else i.kind for i in views.items]
    return _named(views, [n if f != "cloth" else "" for n, f in zip(names, views.forms, strict=True)], drawn)


def pattern(views: Features, drawn: float = 0.0) -> Lesson:
    """Names of patterns, given by eye to photos of the Clothing dataset, across senders; close pieces too."""
    return _named(views, [item.pattern for item in views.items], drawn)


def tint(views: Features, drawn: float = 0.0) -> Lesson:
    """Names of colours, given by eye to photos of the Clothing dataset, across senders; not of recoloured pieces."""
    names = [i.colour if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)]
    return _named(views, names, drawn)


LESSONS: Final = {"colour": tint, "shape": kind, "pattern": pattern}
"""What teaches the blocks that know names; the other, style, learns :func:`identity`."""


def lesson_of(block: str, views: Features, recipe: EncoderRecipe) -> Lesson:
    """What teaches a block."""
    if block == "style":
        return with_names(identity(views), views, recipe.blocks["style"])
    return LESSONS[block](views, recipe.drawings.share if recipe.drawings else 0.0)


def with_names(lesson: Lesson, views: Features, teaching: Teaching) -> Lesson:
    """The lesson, and names beside it: all three of a photo of a single garment at once, and each by itself.

    A block that knows only made products sums up badly with the others: two garments of one kind, colour and pattern
    are no nearer in it than any two.
    """
    naming = teaching.names
    if naming is None:
        return lesson
    every = together(views)

    def draw(rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
        named = every.draw(rng, max(round(batch * naming.batch / teaching.batch), 2))
        return np.union1d(lesson.draw(rng, batch), named)

    each = [(naming.each, LESSONS[name](views, 0.0)) for name in LESSONS]
    return replace(lesson, draw=draw, also=((naming.together, every), *each))


def together(views: Features) -> Lesson:
    """Kind, colour and pattern at once, across senders; drawn in pairs."""
    labels = as_codes(
        [
            f"{i.kind}, {i.colour}, {i.pattern}"
            if i.source == "clothing" and i.kind and i.colour and i.pattern and f != "cloth"
            else ""
            for i, f in zip(views.items, views.forms, strict=True)
        ]
    )
    groups = as_codes([item.group for item in views.items])
    alike = [np.flatnonzero(labels == code) for code in range(labels.max() + 1)]
    alike = [rows for rows in alike if len(set(groups[rows])) > 1]
    if not alike:
        raise RunError("no two garments share kind, colour and pattern", hint="Leave out names of style in the recipe")
    chances = np.sqrt([len(rows) for rows in alike])
    chances /= chances.sum()

    def draw(rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
        chosen = rng.choice(len(alike), min(batch // 2, len(alike)), replace=False, p=chances)
        return np.concatenate([rng.choice(alike[place], 2, replace=False) for place in chosen])

    return Lesson(labels, groups, None, draw)


def _named(views: Features, names: list[str], drawn: float) -> Lesson:
    """Pictures of one name belong together. The studio names things in its own way: its names are labels of their own,
    and nothing of it is kept apart from photographs.
    """
    sources = np.asarray([_VOCABULARIES[item.source] for item in views.items], np.int64)
    own = [f"drawn {n}" if n and i.source == "studio" else n for n, i in zip(names, views.items, strict=True)]
    labels = as_codes(own)
    return Lesson(labels, as_codes([i.group for i in views.items]), sources, _evenly(labels, sources, drawn))


def _evenly(labels: NDArray[np.int64], sources: NDArray[np.int64], drawn: float = 0.0) -> Draw:
    """Draws views so that a label's chance goes with the root of its number, and that of drawings is ``drawn``."""
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        raise RunError("nothing is labelled", hint="Check the folders of photos")
    keys = labels[known] * (sources.max() + 1) + sources[known]
    counts = np.bincount(keys)
    chance = 1 / np.sqrt(counts[keys])
    studio = sources[known] == _STUDIO
    if studio.any() and not studio.all():
        chance[studio] *= drawn / (1 - drawn) * chance[~studio].sum() / chance[studio].sum()
    chance /= chance.sum()
    count = int((chance > 0).sum())
    return lambda rng, batch: rng.choice(known, min(batch, count), replace=False, p=chance)
