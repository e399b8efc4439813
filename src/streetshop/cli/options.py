"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

CatalogOption = Annotated[str, typer.Option("--catalog", help="The catalog, a folder.")]
EncoderOption = Annotated[Path | None, typer.Option("--encoder", help="Encoder bundle; default: the packaged one.")]
ReaderOption = Annotated[Path | None, typer.Option("--reader", help="Reader bundle, or none; default: packaged.")]
ThreadsOption = Annotated[int | None, typer.Option("--threads", min=1, help="Threads; default: one per core.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
FilterOption = Annotated[
    str | None, typer.Option("--filter", help="Only these products, e.g. 'category = dress and price < 50'.")
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option("--weight", help="How much a block counts, e.g. colour=6. May be given several times."),
]


def print_json(value: Any) -> None:
    """One JSON document, on one line, to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def say(text: str) -> None:
    """A line for people, on stderr: results alone go to stdout."""
    print(text, file=sys.stderr, flush=True)


def new_folder(folder: Path) -> Path:
    """Make a folder for output."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
