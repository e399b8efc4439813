"""What the blocks of the default encoder learn: labels of views, and batches that hold pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.core.errors import RunError
from streetshop.lab.losses.contrast import keep_relations, supervised_contrast
from streetshop.lab.train.encoder_recipe import EncoderRecipe, HeadBlock
from streetshop.lab.train.tasks.encoder.features import Features

_STUDIO: Final = 2
_VOCABULARIES: Final = {"pair": 0, "ccp": 0, "clothing": 1, "studio": _STUDIO}
Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of the views for a block.

    Attributes:
        labels: (views,) codes; -1 for views without a label.
        groups: (views,) codes; pictures of one group are never compared.
        sources: (views,) codes of vocabularies, or None where there is one.
        draw: draws about so many views, so that labels are shared.
        also: weights of further targets, learned from the same batches.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    sources: NDArray[np.int64] | None
    draw: Draw
    also: tuple[tuple[float, Targets], ...] = ()


def block_loss(
    vectors: Tensor, targets: Targets, rows: NDArray[np.int64], reference: Tensor, block: HeadBlock
) -> Tensor:
    """Loss of a block's vectors of the views ``rows``; ``reference``: vectors of all views whose cosines are kept."""
    loss = _contrast(vectors, targets, rows, block.temperature)
    if block.names:
        for weight, other in targets.also:
            loss = loss + weight * _contrast(vectors, other, rows, block.names.temperature)
    return loss + block.keep * keep_relations(vectors, reference[rows])


def _contrast(vectors: Tensor, targets: Targets, rows: NDArray[np.int64], temperature: float) -> Tensor:
    sources = None if targets.sources is None else torch.from_numpy(targets.sources[rows])
    labels, groups = torch.from_numpy(targets.labels[rows]), torch.from_numpy(targets.groups[rows])
    return supervised_contrast(vectors, labels, groups, temperature, sources)


def as_codes(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each distinct name; -1 for ``""``."""
    known = {name: i for i, name in enumerate(sorted({n for n in names if n}))}
    return np.asarray([known.get(name, -1) for name in names], np.int64)


def identity(views: Features) -> Targets:
    """Products; half of each batch is from one category: hard negatives."""
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
    return Targets(labels, np.arange(len(labels)), None, draw)


def kind(views: Features, drawn: float = 0.0) -> Targets:
    """Kinds named by eye and categories, across senders and photos; rare ones are drawn more often."""
    names = [i.category.lower() if i.source in ("pair", "ccp") else i.kind for i in views.items]
    return _named(views, [n if f != "cloth" else "" for n, f in zip(names, views.forms, strict=True)], drawn)


def pattern(views: Features, drawn: float = 0.0) -> Targets:
    """Names of patterns, given by eye to photos of the Clothing dataset, across senders; close pieces too."""
    return _named(views, [item.pattern for item in views.items], drawn)


def tint(views: Features, drawn: float = 0.0) -> Targets:
    """Names of colours, given by eye to photos of the Clothing dataset, across senders; not of recoloured pieces."""
    names = [i.colour if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)]
    return _named(views, names, drawn)


NAMED: Final = {"colour": tint, "shape": kind, "pattern": pattern}
"""Targets of the blocks that learn names; style learns :func:`identity`."""


def targets_of(block: str, views: Features, recipe: EncoderRecipe) -> Targets:
    """Targets of a block."""
    if block == "style":
        return with_names(identity(views), views, recipe.blocks["style"])
    return NAMED[block](views, recipe.drawings.share if recipe.drawings else 0.0)


def with_names(targets: Targets, views: Features, block: HeadBlock) -> Targets:
    """Targets with names beside them: all three of a photo of a single garment at once, and each by itself.

    A block that learns only made products adds little to the others: two garments of one kind, colour and pattern are
    no nearer in it than any two.
    """
    names = block.names
    if names is None:
        return targets
    every = together(views)

    def draw(rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
        named = every.draw(rng, max(round(batch * names.share), 2))
        return np.union1d(targets.draw(rng, batch), named)

    each = [(names.each, named(views, 0.0)) for named in NAMED.values()]
    return replace(targets, draw=draw, also=((names.together, every), *each))


def together(views: Features) -> Targets:
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

    return Targets(labels, groups, None, draw)


def _named(views: Features, names: list[str], drawn: float) -> Targets:
    """Names as labels.

    The studio has a vocabulary of its own: its names are other labels than those of photographs, and its pictures do
    not repel photographs.
    """
    sources = np.asarray([_VOCABULARIES[item.source] for item in views.items], np.int64)
    own = [f"drawn {n}" if n and i.source == "studio" else n for n, i in zip(names, views.items, strict=True)]
    labels = as_codes(own)
    return Targets(labels, as_codes([i.group for i in views.items]), sources, _evenly(labels, sources, drawn))


def _evenly(labels: NDArray[np.int64], sources: NDArray[np.int64], drawn: float = 0.0) -> Draw:
    """Draws views: a label's chance is proportional to the root of its count, that of drawings is ``drawn``."""
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
