"""``streetshop embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import (
    EncoderOption,
    JsonOption,
    ReaderOption,
    ThreadsOption,
    WeightsOption,
    echo,
    print_json,
    say,
)


def embed(
    sources: Annotated[list[Path], typer.Argument(metavar="FOLDER_OR_PICTURE", help="Pictures, or folders of them.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Parquet file with the columns path and vector.")],
    weights: WeightsOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Leave every block at unit length, without weights.")] = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn pictures into vectors, for recommenders and other uses outside a catalog.

    Each vector is of unit length and its blocks carry their weights, so that the dot product of two is the score of a
    search. Of several garments in a picture, the one of the largest area of its box times score is embedded.
    """
    from streetshop.core.errors import UsageError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.indexing.embed import embed_pictures, find_pictures
    from streetshop.search.weights import parse_weights

    pictures = find_pictures(sources)
    if not pictures:
        raise UsageError("there is no picture", where=", ".join(map(str, sources)), hint="Name pictures or a folder")
    with ProgressDisplay("pictures") as display:
        report = embed_pictures(
            pictures,
            out,
            weights=parse_weights(weights or ()),
            raw=raw,
            encoder=encoder,
            reader=reader,
            threads=threads,
            refuse=lambda refusal: say(f"refused: {refusal.reason}"),
            progress=lambda done, total: display.show("embedding", done, total),
        )
    if as_json:
        refused = [{"path": refusal.image, "reason": refusal.reason} for refusal in report.refused]
        print_json({"out": str(out), "vectors": report.vectors, "dim": report.dim, "refused": refused})
    else:
        echo(f"wrote {report.vectors} vectors of {report.dim} numbers to {out}; refused {len(report.refused)}")
    if not report.vectors:
        raise UsageError("no picture could be read", hint="See the messages above")
