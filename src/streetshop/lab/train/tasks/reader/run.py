"""The reader's jobs from folders to files: train a recipe, make a bundle of the run, say what the bundle reaches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from streetshop.lab.core import files
from streetshop.lab.core.devices import one_device
from streetshop.lab.core.progress import say
from streetshop.lab.data.labelled_photos import load_labelled, load_single, load_tagged
from streetshop.lab.data.sets.ccp import labelled_names, tagged_names
from streetshop.lab.export.reader import SERVED, export_reader, load_net
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.train import Position, ReaderLoop


@dataclass(frozen=True)
class Sources:
    """What a reader learns from.

    Attributes:
        ccp: root of Clothing Co-Parsing; ``keypoints`` is the teacher's file of its photos.
        clothing: root of the Clothing dataset; ``cutouts`` and ``clothing_keypoints`` are the teacher's. Without
            cut-outs it teaches nothing.
    """

    ccp: Path
    keypoints: Path | None = None
    clothing: Path | None = None
    cutouts: Path | None = None
    clothing_keypoints: Path | None = None


def train(recipe: ReaderRecipe, sources: Sources, out: Path, *, device: str = "cpu", threads: int = 1) -> Position:
    """Train, or go on where the folder ``out`` says.

    Args:
        threads: of each of the recipe's workers.

    Raises:
        DatasetError, RunError, UsageError: the data, what is in ``out`` or the device cannot be used.
    """
    place = one_device(device)
    torch.set_num_threads(threads)
    root = sources.ccp
    samples = load_labelled(root, labelled_names(root, "train"), sources.keypoints)
    if any(stage.shares.tagged for stage in recipe.stages):
        samples += load_tagged(root, tagged_names(root), sources.keypoints)
    if sources.clothing and sources.cutouts:
        samples += load_single(sources.clothing, sources.cutouts, sources.clothing_keypoints, limit=recipe.singles)
    val = load_labelled(root, labelled_names(root, "val"), sources.keypoints)
    say(f"{len(samples)} photos to learn from, {len(val)} to validate on")
    return ReaderLoop(recipe, samples, val, out, place).run()


def export(run: Path, recipe: ReaderRecipe, sources: Sources, out: Path, *, size: tuple[int, int] = SERVED) -> Path:
    """Write a run's bundle, balanced and calibrated on the validation photos.

    Args:
        size: (height, width) of a photo as the network sees it; other shapes get as many pixels.
    """
    net = load_net(run / files.LAST, recipe)
    return export_reader(net, recipe, out, ccp=sources.ccp, val=labelled_names(sources.ccp, "val"), size=size)
