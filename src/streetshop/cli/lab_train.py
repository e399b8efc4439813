"""``streetshop lab train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.core.errors import UsageError

_DEVICES = {"reader": ("cpu", "cuda"), "encoder": ("cpu",)}


def train(
    recipe: Annotated[str, typer.Argument(help="A YAML file, or the name of a recipe that comes with streetshop.")],
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            help="The manifest (see `streetshop lab data`); for a reader or an encoder, folder of ccp/ and clothing/.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The run's folder; the same again continues the run.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Changes, such as stages.0.epochs=3 or stages.*.epochs=3."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Where the manifest's pictures are, when they moved.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or ddp: one process a GPU.")] = "cpu",
    processes: Annotated[int | None, typer.Option(help="For ddp: how many processes.")] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of decoded pictures, teacher's labels and made pairs; default: beside the run."),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Threads that decode pictures; a reader's or encoder's: all.")
    ] = 2,
) -> None:
    """Train a recipe. An interrupted run goes on where it was when it is started again.

    Recipes of kind `reader` and `encoder` are those of the shipped models: they are trained on the public data sets,
    exported and measured on test photos; printed is the bundle's folder.
    """
    from streetshop.lab.train.reading import SHIPPED, recipe_kind

    kind = recipe_kind(recipe)
    if kind in SHIPPED:
        if root is not None or processes is not None or device not in _DEVICES[kind]:
            raise UsageError(
                f"{kind}s train in one process ({' or '.join(_DEVICES[kind])}), on the folder of both public sets",
                hint=f"Leave out --root, --processes and --device; docs/{kind}.md shows how",
            )
        from streetshop.lab.train.shipped import train_encoder, train_reader

        if kind == "reader":
            print(train_reader(recipe, data, out, overrides or [], cache=cache, device=device, threads=threads))
        else:
            print(train_encoder(recipe, data, out, overrides or [], cache=cache, threads=threads))
        return

    from streetshop.lab.train.run import train as run

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
    print(f"{result.out}\t{result.score:.4f}\t{result.steps} batches\t{result.seconds:.0f} s")
