"""``streetshop lab encoder``: train the default encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train the default encoder (see docs/encoder.md).")

Recipe = Annotated[Path, typer.Argument(help="A YAML file of kind `encoder`.")]
Ccp = Annotated[Path, typer.Option("--ccp", help="Root folder of Clothing Co-Parsing.")]
Clothing = Annotated[Path, typer.Option("--clothing", help="Root folder of the Clothing dataset.")]
Cutouts = Annotated[Path, typer.Option("--cutouts", help="Cut-outs of its photos, see docs/reader.md.")]
Pairs = Annotated[Path, typer.Option("--pairs", help="Folder of the made pairs; drawn where missing.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads.")]


@app.command()
def train(
    recipe: Recipe,
    ccp: Ccp,
    clothing: Clothing,
    cutouts: Cutouts,
    pairs: Pairs,
    out: Annotated[Path, typer.Option("--out", help="The run's folder; the same again continues the run.")],
    threads: Threads = 2,
) -> None:
    """Make the pictures, run the backbone, teach heads and backbone, write the bundle, and print its folder."""
    from streetshop.lab.train.tasks.encoder.recipe import load_encoder_recipe
    from streetshop.lab.train.tasks.encoder.run import train as run

    print(run(load_encoder_recipe(recipe), ccp, clothing, cutouts, pairs, out, threads=threads))
