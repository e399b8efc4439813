"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from streetshop.core.progress import say as say

CatalogOption = Annotated[str, typer.Option("--catalog", metavar="FOLDER", help="The catalog's folder.")]
EncoderOption = Annotated[
    Path | None, typer.Option("--encoder", metavar="FOLDER", help="Encoder bundle; default: the packaged one.")
]
ReaderOption = Annotated[
    Path | None,
    typer.Option(
        "--reader", metavar="FOLDER", help="Reader bundle, or `none` to take pictures whole; default: the packaged one."
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", metavar="N", min=1, help="Threads of the models; default: one per core.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
FilterOption = Annotated[
    str | None,
    typer.Option("--filter", metavar="FILTER", help="Only these products, e.g. 'category = dress and price < 50'."),
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="BLOCK=NUMBER", help="How much a block counts, e.g. colour=6; can be repeated."),
]


def print_json(value: Any) -> None:
    """One JSON document, on one line, to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def new_folder(folder: Path) -> Path:
    """Make a folder for output."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
