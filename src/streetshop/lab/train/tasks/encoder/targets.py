"""What the blocks of the default encoder learn: labels of views, and batches that hold pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.core.errors import RunError
from streetshop.lab.losses.contrast import keep_relations, supervised_contrast
from streetshop.lab.train.encoder_recipe import EncoderRecipe, HeadBlock, TrainedBlock
from streetshop.lab.train.tasks.encoder.features import Features

_STUDIO: Final = 2
_VOCABULARIES: Final = {"ccp": 0, "clothing": 1, "studio": _STUDIO}
Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of the views for a block.

    Attributes:
        labels: (views,) codes; -1 for views without a label.
        groups: (views,) codes; pictures of one group are never compared.
        sources: (views,) codes of vocabularies, or None where there is one.
        draw: draws about so many views, so that labels are shared.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    sources: NDArray[np.int64] | None
    draw: Draw


def block_loss(
    vectors: Tensor, targets: Targets, rows: NDArray[np.int64], reference: Tensor, block: HeadBlock
) -> Tensor:
    """Loss of a block's vectors of the views ``rows``; ``reference``: vectors of all views whose cosines are kept."""
    sources = None if targets.sources is None else torch.from_numpy(targets.sources[rows])
    labels, groups = torch.from_numpy(targets.labels[rows]), torch.from_numpy(targets.groups[rows])
    loss = supervised_contrast(vectors, labels, groups, block.temperature, sources)
    return loss + block.keep * keep_relations(vectors, reference[rows])


def as_codes(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each distinct name; -1 for ``""``."""
    known = {name: i for i, name in enumerate(sorted({n for n in names if n}))}
    return np.asarray([known.get(name, -1) for name in names], np.int64)


def kind(views: Features, drawn: float = 0.0) -> Targets:
    """Kinds named by eye and categories, across senders and photos; rare ones are drawn more often."""
    names = [i.category.lower() if i.source == "ccp" else i.kind for i in views.items]
    return _named(views, [n if f != "cloth" else "" for n, f in zip(names, views.forms, strict=True)], drawn)


def pattern(views: Features, drawn: float = 0.0) -> Targets:
    """Names of patterns, given by eye to photos of the Clothing dataset, across senders; close pieces too."""
    return _named(views, [item.pattern for item in views.items], drawn)


def tint(views: Features, drawn: float = 0.0) -> Targets:
    """Names of colours, given by eye to photos of the Clothing dataset, across senders; not of recoloured pieces."""
    names = [i.colour if f != "cloth" else "" for i, f in zip(views.items, views.forms, strict=True)]
    return _named(views, names, drawn)


_NAMED: Final = {"colour": tint, "shape": kind, "pattern": pattern}


def targets_of(block: TrainedBlock, views: Features, recipe: EncoderRecipe) -> Targets:
    """Targets of a block."""
    return _NAMED[block](views, recipe.drawings.share if recipe.drawings else 0.0)


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
