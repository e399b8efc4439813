"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from streetshop.core.progress import say as say
from streetshop.core.terminal import json_safe, one_line, printable

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
WeightsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        "--weight",
        metavar="PRESET|BLOCK=NUMBER",
        help="What counts: balanced, 'same item', 'same colour', 'same cut', 'same pattern', or numbers for blocks, "
        "e.g. colour=6; can be repeated.",
    ),
]


KindsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kinds",
        metavar="KIND",
        help="Kinds of products: auto (the garment's own, the default), any, or names such as dress; can be repeated.",
    ),
]
VariantsOption = Annotated[
    str, typer.Option("--variants", metavar="design|all", help="One result for each design, or for each product.")
]
OffsetOption = Annotated[
    int, typer.Option("--offset", metavar="N", help="Skip so many results: the next page, at most 2000.")
]

MinScoreOption = Annotated[
    float,
    typer.Option(
        "--min-score",
        metavar="NUMBER",
        help="Only products that a person calls alike with at least this probability, 0 to 1.",
    ),
]


TextOption = Annotated[
    str | None,
    typer.Option("--text", metavar="WORDS", help="Products that have all of these words come first."),
]


DiverseOption = Annotated[
    float,
    typer.Option("--diverse", metavar="0..1", help="How much results are to differ from each other."),
]


ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Say what each similarity rests on: blocks and colours.")
]


def parse_variants(value: str) -> bool:
    """Whether every product is a result. Raises UsageError."""
    from streetshop.core.errors import UsageError

    if value not in ("design", "all"):
        raise UsageError(f"--variants {value!r:.40}", hint="Give design or all")
    return value == "all"


def print_json(value: Any) -> None:
    """One JSON document, on one line, to stdout."""
    sys.stdout.write(json_safe(json.dumps(value, ensure_ascii=False, allow_nan=False)) + "\n")


def markup(text: str) -> str:
    """Text for a cell or line of ``rich``, which shows it as it is."""
    from rich.markup import escape

    return escape(one_line(text))


def echo(text: str, end: str = "\n") -> None:
    """Print a result for people, to stdout."""
    sys.stdout.write(printable(text) + end)


def kinds_text(counts: Mapping[str, int]) -> str:
    """``{"category": 3, "title": 0, "unknown": 1}`` is ``"category 3, unknown 1"``."""
    return ", ".join(f"{source} {count}" for source, count in counts.items() if count) or "nothing: no products"
