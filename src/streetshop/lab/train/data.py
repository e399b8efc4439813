"""A manifest made ready for a recipe: its rows, labels and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import RunError
from streetshop.lab.core.progress import say
from streetshop.lab.data.labels import Labels, build_labels
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import Pictures, load_pictures
from streetshop.lab.data.splits import assign_splits
from streetshop.lab.sampling import Pool
from streetshop.lab.train.detector_recipe import BoxesPart
from streetshop.lab.train.recipe import ConverterRecipe, DataPart, EmbeddingRecipe, ViewClassifierRecipe

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunData:
    """What a run learns from and is judged by.

    Attributes:
        manifest: the rows that the recipe's filter leaves, split.
        pictures: of all of them.
        labels: of all of them.
        shop: (rows,) bool.
        train, val: row numbers, only rows whose picture can be used.
    """

    manifest: Manifest
    pictures: Pictures
    labels: Labels
    shop: NDArray[np.bool_]
    train: Rows
    val: Rows

    def pool(self) -> Pool:
        """The training rows, for samplers."""
        rows = self.train
        return Pool(rows, self.labels.numbers["product"][rows], self.shop[rows], self.labels.numbers["category"][rows])


def choose_rows(manifest: Manifest, part: DataPart | BoxesPart, seed: int) -> Manifest:
    """The rows that the filter leaves, each with a split.

    A manifest without any split is split 80/10/10 by product and photo; one without a validation split gives up
    ``val_share`` of its training products for it. Both depend on the seed alone.

    Raises:
        RunError: nothing is left to train on.
    """
    keep = np.ones(len(manifest), bool)
    for column, allowed in part.where.items():
        keep &= np.isin(manifest.column(column).astype(str), list(allowed))
    chosen = manifest if keep.all() else manifest.take(np.flatnonzero(keep))
    if len(chosen) == 0:
        raise RunError("the filter leaves no rows", where=f"data.where {dict(part.where)}", hint="Check its values")
    split = chosen.column("split")
    if not (split != "").any():
        return assign_splits(chosen, seed=seed)
    if not (split == "train").any():
        raise RunError("the manifest has no training rows", where=manifest.name or "manifest")
    if not (split == "val").any():
        train = np.flatnonzero(split == "train")
        halved = assign_splits(chosen.take(train), {"train": 1 - part.val_share, "val": part.val_share}, seed=seed)
        split = split.copy()
        split[train] = halved.column("split")
        return chosen.with_split(split.tolist())
    return chosen


def group_of(category: str, part: DataPart) -> str:
    """The recipe's group of a category; ``other`` for those it does not list."""
    for group, categories in part.groups.items():
        if category.lower() in categories:
            return group
    return "other"


def load_run_data(
    manifest: Manifest,
    recipe: EmbeddingRecipe | ConverterRecipe | ViewClassifierRecipe,
    targets: tuple[list[str], list[str]],
    cache: Path,
    *,
    build: bool,
    threads: int = 2,
) -> RunData:
    """Labels and pictures of a chosen, split manifest. ``build=False`` waits for no picture: they must be cached."""
    split = manifest.column("split")
    used = np.flatnonzero((split == "train") | (split == "val"))
    manifest = manifest.take(used)
    split = split[used]
    colours = isinstance(recipe, EmbeddingRecipe) and uses_cielab(recipe)
    pictures = load_pictures(manifest, recipe.input, cache, colours=colours, threads=threads, build=build)
    if build and pictures.refused:
        say(f"{len(pictures.refused)} of {len(manifest)} pictures cannot be used:")
        for reason in list(pictures.refused.values())[:5]:
            say(f"  {reason}")
    train = np.flatnonzero((split == "train") & pictures.usable)
    val = np.flatnonzero((split == "val") & pictures.usable)
    if not len(train):
        raise RunError("no training picture can be used", where=str(manifest.root))
    labels = build_labels(manifest, train, single=targets[0], several=targets[1])
    return RunData(manifest, pictures, labels, manifest.column("domain") == "shop", train, val)


def uses_cielab(recipe: EmbeddingRecipe) -> bool:
    """Whether a block of the vector is the serving side's colour histogram."""
    head = recipe.model.head
    return head.kind == "blocks" and any(block.source == "cielab" for block in head.blocks)
