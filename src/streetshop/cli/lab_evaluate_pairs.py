"""``streetshop lab evaluate-pairs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import JsonOption, echo, print_json, say


def evaluate_pairs(
    encoder: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="Encoders, side by side.")],
    pairs: Annotated[
        list[Path],
        typer.Option(
            metavar="FOLDER",
            help="Pictures and one CSV table with image, product and, for street and shop, domain; repeatable.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of clothing/, the rest of the shop.")],
    cache: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder of cut-outs, packshots and vectors; missing ones are made.")
    ],
    split: Annotated[
        Literal["val", "test"],
        typer.Option(metavar="val|test", help="Senders whose labels ask: val while choosing, test at the end."),
    ] = "val",
    reader: Annotated[Path | None, typer.Option(metavar="BUNDLE", help="Default: the one of the package.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here, as JSON.")] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Measure encoders on real pictures of the same products, with 95 % intervals.

    Street pictures are searched among shop pictures and packshots made of the Clothing dataset; without a column
    domain, each picture among the others. Kinds, colours and patterns are searched among all photos of that set.
    """
    from streetshop.lab.measure.pairs import measure_pairs

    report = measure_pairs(encoder, pairs, data, cache=cache, split=split, reader=reader, threads=threads)
    if out is not None:
        report.write(out)
        say(f"wrote {out}")
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        echo(report.table())
