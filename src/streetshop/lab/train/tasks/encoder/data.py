"""The garments that the default encoder is trained and measured on, and their features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streetshop.lab.core.progress import Progress
from streetshop.lab.data.garments import ccp_samples, clothing_samples, pair_samples, studio_samples
from streetshop.lab.data.made_pairs import Settings
from streetshop.lab.data.sample import Sample
from streetshop.lab.train.encoder_recipe import EncoderRecipe
from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.tasks.encoder.features import Features, extract, join
from streetshop.lab.train.tasks.encoder.plan import plan_views


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
    photos = [*clothing_samples(sets.clothing, sets.cutouts), *ccp_samples(sets.ccp)]
    views = extract(plan_views(photos), out / "features", threads=threads)
    drawings = recipe.drawings
    if drawings is not None:
        with Progress("pictures drawn") as count:
            items = studio_samples(out / "drawings", drawings.products, drawings.seed, drawings.size, threads, count)
        views = join([views, extract(plan_views(items), out / "features", threads=threads)])
    return views
