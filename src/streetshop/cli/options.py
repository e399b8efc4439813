"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streetshop.catalog.filters import Filter
    from streetshop.catalog.store import Store

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


def parse_weights(values: Sequence[str] | None) -> dict[str, float] | None:
    """``["colour=6"]`` to ``{"colour": 6.0}``. Raises :class:`UsageError`."""
    from streetshop.core.errors import UsageError

    weights: dict[str, float] = {}
    for value in values or ():
        name, sign, number = value.partition("=")
        try:
            if not sign:
                raise ValueError
            weights[name.strip()] = float(number)
        except ValueError:
            raise UsageError(f"--weight {value!r}", hint="Write BLOCK=NUMBER, e.g. --weight colour=6") from None
    return weights or None


def parse_filter_option(text: str | None, store: Store) -> Filter | None:
    """The filter, checked against the catalog's fields."""
    if text is None:
        return None
    from streetshop.catalog.filters import parse_filter

    return parse_filter(text, store.fields())


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
