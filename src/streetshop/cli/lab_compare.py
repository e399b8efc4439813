"""``streetshop lab compare``: trained runs and untrained baselines in one report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import JsonOption, echo, print_json, say


def compare(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="MANIFEST", help="The manifest to measure on; queries are of its test split."),
    ],
    runs: Annotated[list[Path] | None, typer.Argument(metavar="RUN...", help="Finished runs' folders.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the report, one HTML file.")] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option("--baseline", metavar="NAME", help="Also measure imagenet, colour or sift; repeatable."),
    ] = None,
    pair: Annotated[
        list[str] | None, typer.Option("--pair", metavar="A:B", help="Also compare B with A, by name; repeatable.")
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol", metavar="NAME", help="Protocol of docs/metrics.md; repeatable. Default: four of them."
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the manifest's pictures, if they moved.")
    ] = None,
    weights: Annotated[
        Literal["best", "last"],
        typer.Option(metavar="best|last", help="Weights of the runs: best by validation, or last."),
    ] = "best",
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of decoded pictures; default: beside the runs.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
    examples: Annotated[int, typer.Option(min=1, metavar="N", help="Queries to show with their nearest products.")] = 8,
    pictures: Annotated[bool, typer.Option(help="Put example pictures into the report.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Compare runs on a manifest: metrics with intervals, pairs, cost, curves, examples, failures.

    Prints the tables as Markdown, or everything as JSON; --out writes the report.
    """
    from streetshop.lab.compare import compare_runs, tables, write_report

    asked = [_pair(text) for text in pair or ()]
    comparison = compare_runs(
        runs or [],
        data,
        baselines=baseline or (),
        protocols=protocol or (),
        root=root,
        weights=weights,
        cache=cache,
        threads=threads,
    )
    pairs = tables.pairs(comparison, asked)
    if out is not None:
        write_report(out, comparison, pairs, pictures=pictures, count=examples)
        say(f"wrote {out}")
    if as_json:
        print_json(tables.plain(comparison, pairs))
        return
    echo(tables.summary(comparison, pairs))


def _pair(text: str) -> tuple[str, str]:
    from streetshop.core.errors import UsageError

    first, sign, second = text.partition(":")
    if not (first and sign and second):
        raise UsageError(f"--pair {text!r}", hint="Write FIRST:SECOND, the names of two methods")
    return first, second
