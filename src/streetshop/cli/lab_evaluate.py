"""``streetshop lab evaluate``: measure a run or a bundle, and write its report and card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from streetshop.cli.options import JsonOption, echo, print_json, say


def evaluate(
    subject: Annotated[Path, typer.Argument(metavar="RUN|BUNDLE", help="Folder of a run or of a bundle.")],
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="MANIFEST|FOLDER", help="A manifest; for a bundle also the folder of ccp/ and clothing/."
        ),
    ],
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Protocol on a manifest; repeatable. Default: those of `lab compare`."),
    ] = None,
    split: Annotated[
        Literal["val", "test"],
        typer.Option(
            metavar="val|test",
            help="Split of the public data sets, or of a manifest with boxes: val while choosing.",
        ),
    ] = "test",
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="BUNDLE", help="Another encoder, or reader, to compare with; repeatable."),
    ] = None,
    untrained: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="Bundle of the recipe `untrained` to compare with, block by block."),
    ] = None,
    distractors: Annotated[
        int, typer.Option(min=0, metavar="N", help="Photos of single garments added to the gallery of made pairs.")
    ] = 5000,
    overlays: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw 40 photos that a reader was measured on, worst first.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Report's file; default: report.json in the folder of RUN|BUNDLE, and a bundle's card."
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the manifest's pictures, if they moved.")
    ] = None,
    weights: Annotated[
        Literal["best", "last"],
        typer.Option(metavar="best|last", help="Weights of a run: best by validation, or last."),
    ] = "best",
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of decoded pictures, the teacher's labels and made pairs; default: beside RUN|BUNDLE.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Measure a run or a bundle with 95 % intervals, print the tables, and write report.json.

    On a manifest, runs of embeddings and encoder bundles are measured under named protocols, reader and detector
    bundles by the average precision of their boxes, beside the packaged reader. On the folder of both public data sets,
    reader and encoder bundles are measured on held-out photos and senders.
    """
    from streetshop.lab.measure.subject import measure_subject, write_report

    report = measure_subject(
        subject,
        data,
        protocols=protocol or (),
        split=split,
        beside=beside or (),
        untrained=untrained,
        distractors=distractors,
        overlays=overlays,
        root=root,
        weights=weights,
        cache=cache,
        threads=threads,
    )
    say(f"wrote {write_report(report, subject, out)}")
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        echo(report.table())
