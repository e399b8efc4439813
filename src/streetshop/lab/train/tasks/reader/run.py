"""The reader's jobs from folders to files: train a recipe, make a bundle of the run, say what the bundle reaches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from streetshop.core.errors import RunError
from streetshop.lab.core import files
from streetshop.lab.core.devices import one_device
from streetshop.lab.core.progress import say
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.labelled_photos import load_labelled, load_single, load_tagged
from streetshop.lab.data.sets.ccp import labelled_names, tagged_names
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.reader import intervals, judge, milliseconds, summary, write_overlays
from streetshop.lab.export.reader import export as write_bundle
from streetshop.lab.export.reader import load_net
from streetshop.lab.export.reader_card import write_card
from streetshop.lab.train.tasks.reader.articles import Pictures, judge_names
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.train import Position, ReaderLoop
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules

SERVED: Final = (384, 256)
"""Height and width of a photo as the shipped reader's network sees it."""


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


def export(
    run: Path, recipe: ReaderRecipe, sources: Sources, out: Path, *, size: tuple[int, int] = SERVED
) -> OnnxReader:
    """Write a run's bundle, balanced and calibrated on the validation photos, and load it.

    Args:
        size: (height, width) of a photo as the network sees it; other shapes get as many pixels.
    """
    root = sources.ccp
    net = load_net(run / files.LAST, recipe)
    return write_bundle(net, recipe, size, out, root, labelled_names(root, "val"))


def report(
    bundle: Path, recipe: ReaderRecipe, sources: Sources, *, split: Split = "test", overlays: Path | None = None
) -> dict[str, Any]:
    """What a bundle reaches on the photos of ``split``; its card is written.

    Args:
        overlays: folder for 40 of the measured photos, worst first.

    Raises:
        RunError: the bundle has other classes than the data set's.
    """
    root = sources.ccp
    reader = OnnxReader(bundle, threads=2)
    spec, names = reader.spec, labelled_names(root, split)
    if (spec.classes, spec.garments) != (CLASSES, GARMENTS):
        raise RunError(
            f"its classes are {', '.join(spec.classes)}; those of the data set are {', '.join(CLASSES)}",
            where=str(bundle),
            hint="Give a bundle that `streetshop lab reader export` wrote",
        )
    rules = Rules.from_spec(spec)
    judged = judge(reader, root, names, sources.keypoints, rules)
    named = None
    if sources.clothing and sources.cutouts:
        pictures = Pictures(root, sources.clothing, sources.cutouts)
        named = judge_names(reader, pictures, pictures.examples(split))
    speed = milliseconds(reader, [root / "photos" / f"{name}.jpg" for name in names])
    numbers = summary(judged)
    sure = intervals(judged)
    write_card(reader, recipe, numbers, sure, speed, split, named)
    if overlays is not None:
        write_overlays(reader, root, judged, overlays)
    return {
        **numbers,
        "intervals": {k: [e.low, e.high] for k, e in sure.items()},
        "articles": {kind: asdict(one) for kind, one in (named or {}).items()},
        "milliseconds": speed,
    }
