"""``streetshop lab reader``: train and export the network that finds garments and keypoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train and export a reader (see docs/reader.md).")

Ccp = Annotated[Path, typer.Option("--ccp", help="Root folder of Clothing Co-Parsing.")]
Recipe = Annotated[Path, typer.Argument(help="The recipe it was trained by.")]
Bundle = Annotated[Path, typer.Argument(help="Folder of a reader.")]
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
    from streetshop.lab.train.tasks.reader.recipe import load_reader_recipe
    from streetshop.lab.train.tasks.reader.run import Sources
    from streetshop.lab.train.tasks.reader.run import train as run

    sources = Sources(ccp, keypoints, clothing, cutouts, clothing_keypoints)
    end = run(load_reader_recipe(recipe), sources, out, device=device, threads=threads)
    print(f"{out}\tbest validation mIoU {end.best:.4f}\t{end.steps} batches")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder that `train` wrote.")],
    recipe: Recipe,
    ccp: Ccp,
    out: Annotated[Path, typer.Option("--out", help="The bundle's folder.")],
    height: Annotated[int, typer.Option(min=64, help="Of a photo as the network sees it, in pixels.")] = 384,
    width: Annotated[int, typer.Option(min=64, help="Likewise; other shapes get as many pixels.")] = 256,
) -> None:
    """Write a run's bundle, calibrated on the validation photos. It names no single articles yet: see `name`."""
    from streetshop.lab.train.tasks.reader.recipe import load_reader_recipe
    from streetshop.lab.train.tasks.reader.run import Sources
    from streetshop.lab.train.tasks.reader.run import export as write

    print(write(run, load_reader_recipe(recipe), Sources(ccp), out, size=(height, width)))


@app.command()
def name(
    bundle: Bundle,
    ccp: Ccp,
    clothing: Annotated[Path, typer.Option(help="Root folder of the Clothing dataset.")],
    cutouts: Annotated[Path, typer.Option(help="The teacher's cut-outs of its photos.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the bundle that does; the same one if left out.")] = None,
) -> None:
    """Teach a bundle the names of articles that nobody wears; prints how many it names right, of validation senders."""
    from streetshop.lab.train.tasks.reader.articles import Pictures, judge_names, name_articles
    from streetshop.looks.reader import OnnxReader

    pictures = Pictures(ccp, clothing, cutouts)
    before = OnnxReader(bundle, threads=1)
    after = name_articles(before, pictures, out or bundle)
    was, now = (judge_names(reader, pictures, pictures.examples("val")) for reader in (before, after))
    for kind, named in now.items():
        print(f"{kind}\t{named.pictures} pictures\tnamed right {named.right}\tbefore {was[kind].right}")
