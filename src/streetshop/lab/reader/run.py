"""The reader's two jobs from folders to files: train a recipe, make a bundle of the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from streetshop.lab.reader.data import (
    Split,
    labelled_names,
    load_labelled,
    load_single,
    load_tagged,
    tagged_names,
)
from streetshop.lab.reader.export import export as write_bundle
from streetshop.lab.reader.export import load_net, write_card
from streetshop.lab.reader.measure import intervals, judge, milliseconds, summary, write_overlays
from streetshop.lab.reader.recipe import load_reader_recipe
from streetshop.lab.reader.train import Position, ReaderLoop
from streetshop.lab.training import files
from streetshop.lab.training.progress import say
from streetshop.looks.parse import Rules


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


def train(recipe: Path, sources: Sources, out: Path, *, device: str = "cpu", threads: int = 1) -> Position:
    """Train, or go on where the folder ``out`` says.

    Args:
        threads: of each of the recipe's workers.

    Raises:
        RecipeError, DatasetError, RunError: the recipe, the data or what is in ``out`` cannot be used.
    """
    torch.set_num_threads(threads)
    plan = load_reader_recipe(recipe)
    root = sources.ccp
    samples = load_labelled(root, labelled_names(root, "train"), sources.keypoints)
    if any(stage.shares.tagged for stage in plan.stages):
        samples += load_tagged(root, tagged_names(root), sources.keypoints)
    if sources.clothing and sources.cutouts:
        samples += load_single(sources.clothing, sources.cutouts, sources.clothing_keypoints, limit=plan.singles)
    val = load_labelled(root, labelled_names(root, "val"), sources.keypoints)
    say(f"{len(samples)} photos to learn from, {len(val)} to validate on")
    return ReaderLoop(plan, samples, val, out, torch.device(device)).run()


def export(
    run: Path,
    recipe: Path,
    sources: Sources,
    out: Path,
    *,
    size: tuple[int, int],
    split: Split = "test",
    overlays: Path | None = None,
) -> dict[str, Any]:
    """Write a run's bundle with its card, and return what it reaches on the photos of ``split``.

    Args:
        size: (height, width) of a photo as the network sees it; other shapes get as many pixels.
        overlays: folder for 40 of the measured photos, worst first.
    """
    plan, root = load_reader_recipe(recipe), sources.ccp
    net = load_net(run / files.LAST, plan)
    reader = write_bundle(net, plan, size, out, root, labelled_names(root, "val"))
    spec, names = reader.spec, labelled_names(root, split)
    rules = Rules(spec.classes, spec.garments, spec.calibration, spec.thresholds)
    judged = judge(reader, root, names, sources.keypoints, rules)
    speed = milliseconds(reader, [root / "photos" / f"{name}.jpg" for name in names])
    numbers = summary(judged)
    sure = intervals(judged)
    write_card(out, plan, numbers, sure, speed, split)
    if overlays is not None:
        write_overlays(reader, root, judged, overlays)
    return {**numbers, "intervals": {k: [e.low, e.high] for k, e in sure.items()}, "milliseconds": speed}
