"""``streetshop lab reader``: train and export the network that finds garments and keypoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

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
    from streetshop.lab.reader.run import Sources
    from streetshop.lab.reader.run import train as run

    sources = Sources(ccp, keypoints, clothing, cutouts, clothing_keypoints)
    end = run(recipe, sources, out, device=device, threads=threads)
    print(f"{out}\tbest validation mIoU {end.best:.4f}\t{end.steps} batches")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder that `train` wrote.")],
    recipe: Annotated[Path, typer.Argument(help="The recipe it was trained by.")],
    ccp: Ccp,
    out: Annotated[Path, typer.Option("--out", help="The bundle's folder.")],
    keypoints: Keypoints = None,
    height: Annotated[int, typer.Option(min=64, help="Of a photo as the network sees it, in pixels.")] = 384,
    width: Annotated[int, typer.Option(min=64, help="Likewise; other shapes get as many pixels.")] = 256,
    overlays: Annotated[Path | None, typer.Option(help="Folder for 40 measured photos, worst first.")] = None,
    split: Annotated[Literal["val", "test"], typer.Option(help="Photos to measure on; val while choosing.")] = "test",
) -> None:
    """Write a run's bundle, calibrated on the validation photos, with the card of what it reaches."""
    from streetshop.lab.reader.run import Sources
    from streetshop.lab.reader.run import export as write

    size = (height, width)
    found = write(run, recipe, Sources(ccp, keypoints), out, size=size, split=split, overlays=overlays)
    print(json.dumps(found, indent=1))
