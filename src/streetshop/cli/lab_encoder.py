"""``streetshop lab encoder``: train the default encoder, and measure encoders on its held-back photos and senders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Train and measure the default encoder (see docs/encoder.md).")

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


@app.command()
def report(
    recipe: Recipe,
    ccp: Ccp,
    clothing: Clothing,
    cutouts: Cutouts,
    pairs: Pairs,
    bundle: Annotated[list[Path], typer.Option("--bundle", help="An encoder bundle; repeat to compare.")],
    untrained: Annotated[
        Path | None, typer.Option("--untrained", help="What `lab starting-encoder` wrote: each of its blocks, alone.")
    ] = None,
    split: Annotated[Literal["val", "test"], typer.Option(help="What to measure on; val while choosing.")] = "test",
    distractors: Annotated[int, typer.Option(min=0, help="Photos of single garments in the pairs' gallery.")] = 5000,
    card: Annotated[bool, typer.Option("--card", help="Write the first bundle's card.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also write all numbers here, as JSON.")] = None,
    threads: Threads = 2,
) -> None:
    """Measure bundles on the held-back photos and senders; prints a Markdown table."""
    from streetshop.lab.evaluate.encoder_report import as_values, baselines, check_untrained, columns_of, measure, table
    from streetshop.lab.export.encoder_card import write_card
    from streetshop.lab.train.tasks.encoder.recipe import load_encoder_recipe
    from streetshop.lab.train.tasks.encoder.run import gather
    from streetshop.models import load_encoder

    start = load_encoder(untrained, threads=threads) if untrained else None
    if start is not None:
        check_untrained(start)  # before a quarter of an hour of measuring
    items = gather(load_encoder_recipe(recipe), ccp, clothing, cutouts, pairs, threads=threads)
    encoders = [load_encoder(folder, threads=threads) for folder in bundle]
    columns = columns_of(encoders, [measure(encoder, items, split, distractors) for encoder in encoders])
    rows = list(next(iter(columns.values())))
    if start is not None:
        columns |= baselines(measure(start, items, split, distractors))
    if out is not None:
        numbers = {name: as_values(values) for name, values in columns.items()}
        out.write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    if card:
        write_card(encoders[0], columns, split)
    print(table(rows, columns))
