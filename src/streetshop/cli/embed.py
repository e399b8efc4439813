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
    WeightOption,
    print_json,
    say,
)


def embed(
    sources: Annotated[list[Path], typer.Argument(metavar="FOLDER|PICTURE...", help="Pictures, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Parquet file with the columns path and vector.")],
    weight: WeightOption = None,
    raw: Annotated[bool, typer.Option(help="Leave every block at unit length instead of weighting it.")] = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn pictures into vectors, for recommenders and other uses outside a catalog.

    Each vector is of unit length and its blocks carry their weights, so that the dot product of two is the score that a
    search would give. Of a picture with several garments the one whose box's area times its score is largest is taken.
    """
    from streetshop.core.errors import UsageError
    from streetshop.indexing.embed import embed_pictures, find_pictures
    from streetshop.search.weights import parse_weights

    pictures = find_pictures(sources)
    if not pictures:
        raise UsageError("there is no picture", where=", ".join(map(str, sources)), hint="Name pictures or a folder")
    weights = parse_weights(weight or ())
    report = embed_pictures(
        pictures, out, weights=weights, raw=raw, encoder=encoder, reader=reader, threads=threads, say=say
    )
    if as_json:
        print_json({"out": str(out), "vectors": report.vectors, "dim": report.dim, "refused": report.refused})
    else:
        typer.echo(f"wrote {report.vectors} vectors of {report.dim} numbers to {out}; refused {len(report.refused)}")
    if not report.vectors:
        raise UsageError("no picture could be read", hint="See the messages above")
