"""The garments that the default encoder is trained and measured on, and their features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streetshop.lab.core.progress import Progress
from streetshop.lab.data.garments import ccp_samples, clothing_samples, pair_samples, studio_samples
from streetshop.lab.data.made_pairs import Settings
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.tagged import tagged_samples
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.tasks.encoder.features import Features, extract, join
from streetshop.lab.train.tasks.encoder.plan import plan_views
from streetshop.looks.reader import OnnxReader
from streetshop.models.reader import DEFAULT_READER


def load_garments(recipe: EncoderRecipe, sets: PublicSets, *, threads: int) -> list[Sample]:
    """All garments of all splits; pairs that are missing are drawn first."""
    with Progress("products made") as count:
        made: Sequence[Sample] = pair_samples(
            sets.ccp, sets.pairs, pair_settings(recipe), recipe.pairs.products, threads, count
        )
    return [*made, *clothing_samples(sets.clothing, sets.cutouts), *ccp_samples(sets.ccp)]


def pair_settings(recipe: EncoderRecipe) -> Settings:
    """Of the made pairs that the recipe asks for."""
    return Settings(seed=recipe.seed, per_garment=recipe.pairs.per_garment)


def load_views(recipe: EncoderRecipe, sets: PublicSets, out: Path, *, threads: int) -> Features:
    """Features of all views to learn from; drawings and features that are missing below ``out`` are made first."""
    items = [i for i in load_garments(recipe, sets, threads=threads) if i.split == "train"]
    drawings = recipe.drawings
    if drawings is not None:
        with Progress("pictures drawn") as count:
            items += studio_samples(out / "drawings", drawings.products, drawings.seed, drawings.size, threads, count)
    views = extract(plan_views(items), out / "features", threads=threads)
    if recipe.pairs.tagged:
        # By themselves: another reader changes them alone, and the features of all others stay.
        more = _tagged(recipe, sets, out, threads)
        views = join([views, extract(plan_views(more), out / "features", threads=threads)])
    return views


def _tagged(recipe: EncoderRecipe, sets: PublicSets, out: Path, threads: int) -> list[Sample]:
    """Garments of photos without pixel labels, through the shipped reader's masks, and products made of them."""
    reader = OnnxReader(DEFAULT_READER, threads=threads)
    with Progress("tagged photos read") as count:
        rows = tagged_samples(sets.ccp, reader, count)
    # Pictures that are there are not made again: another reader's masks need a folder of their own.
    pairs = out / f"tagged-pairs-{reader.name.replace(' ', '-')}"
    with Progress("products of tagged photos made") as count:
        made = pair_samples(sets.ccp, pairs, pair_settings(recipe), recipe.pairs.tagged, threads, count, rows)
    return [*made, *rows]
