"""``streetshop lab export``: write the bundle of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import echo


def export(
    run: Annotated[Path, typer.Argument(help="A trained run's folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The bundle's folder; must not exist.")],
    weights: Annotated[
        Literal["best", "last"] | None,
        typer.Option(
            metavar="best|last",
            help="Weights to export: best by validation (default of embeddings, detectors), or last (of others).",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Store weights in single precision, not half.")] = False,
    converter: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A converter's run: queries go through it first (method 1 end to end)."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the bundle; default: the recipe's.")] = None,
    version: Annotated[str | None, typer.Option(help="Version of the bundle; default: the recipe's.")] = None,
) -> None:
    """Write a run's bundle, which `streetshop index` and `search` use with --encoder, or --reader."""
    from streetshop.lab.export.run import export_run

    for folder in export_run(run, out, weights=weights, half=not full, converter=converter, name=name, version=version):
        echo(str(folder))
