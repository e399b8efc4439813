"""``streetshop lab evaluate-search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import JsonOption, print_json, say


def evaluate_search(
    catalog: Annotated[
        str, typer.Argument(metavar="CATALOG", help="Of photos of clothing/, its ids the names of the photos.")
    ],
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of ccp/ and clothing/.")],
    split: Annotated[
        Literal["val", "test"],
        typer.Option(metavar="val|test", help="Street photos: val while choosing, test at the end."),
    ] = "val",
    reader: Annotated[Path | None, typer.Option(metavar="BUNDLE", help="Default: the one of the package.")] = None,
    encoder: Annotated[Path | None, typer.Option(metavar="BUNDLE", help="Default: the one of the package.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here, as JSON.")] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Measure how often the products found for worn garments are of the right kind, with 95 % intervals.

    Garments of labelled street photos are searched among all kinds and among the kinds that they probably are.
    """
    from streetshop.lab.measure.search import measure_search

    report = measure_search(catalog, data, split=split, reader=reader, encoder=encoder, threads=threads)
    if out is not None:
        report.write(out)
        say(f"wrote {out}")
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        print(report.table())
