"""A whole training: pictures, features, heads, bundle. What is there already is not made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from streetshop.lab.core.progress import say
from streetshop.lab.data.garments import ccp_samples, clothing_samples, pair_samples, studio_samples
from streetshop.lab.data.made_pairs import Settings
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tagged import tagged_samples
from streetshop.lab.export.encoder import export_encoder
from streetshop.lab.nets.encoder_heads import Heads
from streetshop.lab.nets.taps import Taps
from streetshop.lab.train.tasks.encoder.features import extract, join
from streetshop.lab.train.tasks.encoder.fit import fit_heads
from streetshop.lab.train.tasks.encoder.plan import plan_views
from streetshop.lab.train.tasks.encoder.recipe import EncoderRecipe
from streetshop.lab.train.tasks.encoder.tune import tune
from streetshop.looks.reader import OnnxReader
from streetshop.models.reader import DEFAULT_READER


def gather(
    recipe: EncoderRecipe, ccp: Path, clothing: Path, cutouts: Path, pairs: Path, *, threads: int
) -> list[Sample]:
    """All garments, of all splits; made pairs are drawn below ``pairs`` where they are not yet."""
    made: Sequence[Sample] = pair_samples(
        ccp, pairs, pair_settings(recipe), recipe.pairs.products, threads, _told("products made")
    )
    return [*made, *clothing_samples(clothing, cutouts), *ccp_samples(ccp)]


def pair_settings(recipe: EncoderRecipe) -> Settings:
    """Of the made pairs that the recipe asks for."""
    return Settings(seed=recipe.seed, per_garment=recipe.pairs.per_garment)


def _from_tags(recipe: EncoderRecipe, ccp: Path, out: Path, threads: int) -> list[Sample]:
    """Garments of photos without pixel labels, through the shipped reader's masks, and products made of them."""
    told = _told("tagged photos read")
    reader = OnnxReader(DEFAULT_READER, threads=threads)
    rows = tagged_samples(ccp, reader, told)
    # Pictures that lie there are not made again: another reader's masks need a folder of their own.
    pairs = out / f"tagged-pairs-{reader.name.replace(' ', '-')}"
    told = _told("products of tagged photos made")
    made = pair_samples(ccp, pairs, pair_settings(recipe), recipe.pairs.tagged, threads, told, rows)
    return [*made, *rows]


def _told(what: str) -> Callable[[int, int], None]:
    """Progress, every hundredth time."""

    def progress(done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            say(f"{done} of {total} {what}")

    return progress


def train(
    recipe: EncoderRecipe, ccp: Path, clothing: Path, cutouts: Path, pairs: Path, out: Path, *, threads: int = 2
) -> Path:
    """Train by ``recipe`` below ``out``; returns the bundle's folder.

    Drawing, and running the backbone, take nearly all of the time and go on where they were broken off.
    """
    items = [i for i in gather(recipe, ccp, clothing, cutouts, pairs, threads=threads) if i.split == "train"]
    if recipe.drawings is not None:
        items += studio_samples(
            out / "drawings",
            recipe.drawings.products,
            recipe.drawings.seed,
            recipe.drawings.size,
            threads,
            _told("pictures drawn"),
        )
    views = extract(plan_views(items), out / "features", threads=threads)
    if recipe.pairs.tagged:
        # By themselves: another reader changes them alone, and the features of all others stay.
        more = _from_tags(recipe, ccp, out, threads)
        views = join([views, extract(plan_views(more), out / "features", threads=threads)])
    say(f"{len(views.forms)} views of {len({(i.root, i.image) for i in views.items})} pictures")
    torch.set_num_threads(threads)
    heads = Heads(
        {name: block.dim for name, block in recipe.blocks.items()},
        {name: block.parts for name, block in recipe.blocks.items()},
        {name: block.hidden for name, block in recipe.blocks.items()},
    )
    references = fit_heads(heads, views, recipe)
    taps = Taps()
    tune(taps.upper, heads, views, references, recipe, out / "tuning.pt")
    bundle = out / "bundle"
    shutil.rmtree(bundle, ignore_errors=True)
    return export_encoder(taps, heads, recipe, bundle)
