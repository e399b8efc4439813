"""``streetshop lab train``: train a recipe of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import echo


def train(
    recipe: Annotated[str, typer.Argument(help="A YAML file, or the name of a recipe that comes with streetshop.")],
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="MANIFEST|FOLDER",
            help="The manifest (see `streetshop lab data`); else the folder of ccp/ and clothing/.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="The run's folder; the same folder again resumes the run.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Changes, such as stages.0.epochs=3 or stages.*.epochs=3."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the manifest's pictures, if they moved.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or ddp (several processes, each with a GPU).")] = "cpu",
    processes: Annotated[
        int | None, typer.Option(metavar="N", help="Number of processes for ddp; default: one per GPU.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of decoded pictures, the teacher's labels and made pairs; default: beside the run.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
) -> None:
    """Train a recipe. An interrupted run resumes when the same command is started again.

    An embedding, a converter, a detector, a view_classifier or a pose network learns from a manifest; printed are the
    run's folder, score, length and time. A reader, an encoder or a framing head (view and full shot) learns from the
    public data sets and is exported and measured on test photos; printed is the bundle.
    """
    from streetshop.lab.train import train as run

    result = run(
        recipe,
        data,
        out,
        overrides or [],
        root=root,
        device=device,
        processes=processes,
        cache=cache,
        threads=threads,
    )
    if result.kind in ("embedding", "converter", "detector", "view_classifier", "pose"):
        echo(f"{result.out}\t{result.score:.4f}\t{result.steps} batches\t{result.seconds:.0f} s")
        return
    from streetshop.lab.pipeline import finish

    echo(str(finish(out, data, cache=cache, threads=threads)))
