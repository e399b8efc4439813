"""``streetshop lab``: data sets, training, measuring. Needs the extra ``lab``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.lab_compare import compare
from streetshop.cli.lab_curate import app as curate_app
from streetshop.cli.lab_data import data
from streetshop.cli.lab_encoder import app as encoder
from streetshop.cli.lab_evaluate import evaluate
from streetshop.cli.lab_export import export
from streetshop.cli.lab_reader import app as reader
from streetshop.cli.lab_train import train
from streetshop.cli.options import say

app = typer.Typer(help="Data sets, training, measuring (needs the extra: pip install 'streetshop[lab]').")


@app.command()
def starting_encoder(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Pictures to fit the components on.")],
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    dim: Annotated[int, typer.Option(min=2, max=1280, help="Length of the style block.")] = 128,
    threads: Annotated[int, typer.Option(min=1, help="Threads.")] = 2,
) -> None:
    """Export the encoder to start from: ImageNet features and colours, nothing trained on fashion."""
    from streetshop.lab.train.tasks.starting_encoder import export_starting_encoder, find_pictures

    say(f"wrote {export_starting_encoder(find_pictures(folders), out, dim=dim, threads=threads)}")


app.command()(data)
app.command()(train)
app.command()(export)
app.command()(evaluate)
app.add_typer(curate_app, name="curate")
app.command()(compare)
app.add_typer(reader, name="reader")
app.add_typer(encoder, name="encoder")


@app.callback()
def _needs_torch() -> None:
    from importlib.util import find_spec

    from streetshop.core.errors import UsageError

    if find_spec("torch") is None:
        raise UsageError("the lab needs torch, which is not installed", hint="pip install 'streetshop[lab]'")
