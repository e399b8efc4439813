"""``streetshop lab reader``: train and export the network that finds garments and keypoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import say

app = typer.Typer(help="Train and export a reader (see docs/reader.md).")

Ccp = Annotated[Path, typer.Option("--ccp", help="Root folder of Clothing Co-Parsing.")]
Keypoints = Annotated[Path | None, typer.Option("--keypoints", help="The teacher's keypoints of its photos.")]


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A YAML file of kind `reader`.")],
    ccp: Ccp,
    out: Annotated[Path, typer.Option("--out", help="The run's folder; the same again continues the run.")],
    keypoints: Keypoints = None,
    clothing: Annotated[Path | None, typer.Option(help="Root folder of the Clothing dataset.")] = None,
    cutouts: Annotated[Path | None, typer.Option(help="The teacher's cut-outs of its photos.")] = None,
    clothing_keypoints: Annotated[Path | None, typer.Option(help="The teacher's keypoints of its photos.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Threads of each of the recipe's workers.")] = 1,
) -> None:
    """Train a reader. An interrupted run goes on where it was when it is started again."""
    import torch

    from streetshop.lab.reader.data import labelled_names, load_labelled, load_single, load_tagged, tagged_names
    from streetshop.lab.reader.recipe import load_reader_recipe
    from streetshop.lab.reader.train import ReaderLoop

    torch.set_num_threads(threads)
    plan = load_reader_recipe(recipe)
    samples = load_labelled(ccp, labelled_names(ccp, "train"), keypoints)
    if any(stage.shares.tagged for stage in plan.stages):
        samples += load_tagged(ccp, tagged_names(ccp), keypoints)
    if clothing and cutouts:
        samples += load_single(clothing, cutouts, clothing_keypoints, limit=plan.singles)
    val = load_labelled(ccp, labelled_names(ccp, "val"), keypoints)
    say(f"{len(samples)} photos to learn from, {len(val)} to validate on")
    end = ReaderLoop(plan, samples, val, out, torch.device(device)).run()
    print(f"{out}\tbest validation mIoU {end.best:.4f}\t{end.steps} batches")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder that `train` wrote.")],
    recipe: Annotated[Path, typer.Argument(help="The recipe it was trained by.")],
    ccp: Ccp,
    out: Annotated[Path, typer.Option("--out", help="The bundle's folder.")],
    keypoints: Keypoints = None,
    height: Annotated[int, typer.Option(min=64, help="Of a photo as the network sees it, in pixels.")] = 320,
    width: Annotated[int, typer.Option(min=64, help="Likewise; other shapes get as many pixels.")] = 192,
    overlays: Annotated[Path | None, typer.Option(help="Folder for 40 measured photos, worst first.")] = None,
    split: Annotated[Literal["val", "test"], typer.Option(help="Photos to measure on; val while choosing.")] = "test",
) -> None:
    """Write a run's bundle, calibrated on the validation photos, with the card of what it reaches."""
    import json

    from streetshop.lab.reader.data import labelled_names
    from streetshop.lab.reader.export import export as write
    from streetshop.lab.reader.export import load_net, write_card
    from streetshop.lab.reader.measure import judge, milliseconds, summary, write_overlays
    from streetshop.lab.reader.recipe import load_reader_recipe
    from streetshop.lab.training import files
    from streetshop.looks.parse import Rules

    plan = load_reader_recipe(recipe)
    net = load_net(run / files.LAST, plan)
    reader = write(net, plan, (height, width), out, ccp, labelled_names(ccp, "val"))
    names = labelled_names(ccp, split)
    spec = reader.spec
    rules = Rules(spec.classes, spec.garments, spec.calibration, spec.thresholds)
    judged = judge(reader, ccp, names, keypoints, rules)
    numbers = summary(judged)
    speed = milliseconds(reader, [ccp / "photos" / f"{name}.jpg" for name in names])
    write_card(out, plan, numbers, speed, split)
    if overlays is not None:
        write_overlays(reader, ccp, judged, overlays)
    print(json.dumps({**numbers, "milliseconds": speed}, indent=1))
