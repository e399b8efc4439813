"""``streetshop studio``: drawn product pages and street photos with complete ground truth."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.progress import ProgressDisplay

app = typer.Typer(help="Draw product pages and street photos with complete ground truth.", no_args_is_help=True)


class Split(StrEnum):
    """Which products."""

    all = "all"
    train = "train"
    val = "val"
    test = "test"


Out = Annotated[Path, typer.Option("--out", help="A new or empty folder, or an interrupted drawing to go on with.")]
Products = Annotated[int, typer.Option("--products", help="Products in the shop.")]
Seed = Annotated[int, typer.Option("--seed", help="Of everything: the same seed draws the same bytes.")]
Size = Annotated[int, typer.Option("--size", help="Long side of the pictures in pixels.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Processes; by default one a core.")]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Sell only this article type; may be repeated.")
]
Shots = Annotated[list[str] | None, typer.Option("--shot", help="Draw only this shot of each page; may be repeated.")]
Family = Annotated[
    int, typer.Option("--family", help="Products of a family; the others differ from its first in one attribute.")
]
SplitOption = Annotated[Split, typer.Option("--split", help="Only products of this split.")]


@app.command()
def catalog(
    out: Out,
    products: Products = 300,
    seed: Seed = 0,
    size: Size = 512,
    workers: Workers = None,
    category: Categories = None,
    shot: Shots = None,
    split: SplitOption = Split.all,
    family: Family = 8,
) -> None:
    """Draw the product pages of a shop, and its feed. Prints the path of the feed."""
    from streetshop.studio import SHOTS, draw_catalog

    typer.echo(
        _shown(
            lambda progress: draw_catalog(
                out, products, seed, workers, size, progress, category or (), shot or SHOTS, split.value, family
            )
        )
    )


@app.command()
def street(
    out: Out,
    photos: Annotated[int, typer.Option("--photos", help="How many street photos.")] = 100,
    products: Products = 300,
    seed: Seed = 0,
    size: Size = 512,
    workers: Workers = None,
    category: Categories = None,
    split: SplitOption = Split.all,
    family: Family = 8,
) -> None:
    """Draw street photos of people who wear the products of a shop. Prints the path of the truth."""
    from streetshop.studio import draw_street

    typer.echo(
        _shown(
            lambda progress: draw_street(
                out, photos, seed, products, workers, size, progress, category or (), split.value, family
            )
        )
    )


@app.command()
def dataset(
    out: Out,
    products: Products = 300,
    photos: Annotated[
        int | None, typer.Option("--photos", help="Street photos; by default as many as products.")
    ] = None,
    seed: Seed = 0,
    size: Size = 512,
    workers: Workers = None,
    category: Categories = None,
    shot: Shots = None,
    split: SplitOption = Split.all,
    family: Family = 8,
) -> None:
    """Draw product pages and street photos with one manifest. Prints the path of the manifest."""
    from streetshop.studio import SHOTS, draw_dataset

    typer.echo(
        _shown(
            lambda progress: draw_dataset(
                out, products, seed, photos, workers, size, progress, category or (), shot or SHOTS, split.value, family
            )
        )
    )


def _shown(draw: Callable[[Callable[[int, int], None]], Path]) -> Path:
    """Run ``draw``, its progress on stderr."""
    with ProgressDisplay("pictures") as display:
        return draw(lambda done, total: display.show("drawing", done, total))
