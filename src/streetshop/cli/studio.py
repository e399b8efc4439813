"""``streetshop studio``."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import echo
from streetshop.core.progress import ProgressDisplay

app = typer.Typer(help="Draw product pages and street photos with complete ground truth.", no_args_is_help=True)


class Split(StrEnum):
    """The split of the products to draw."""

    all = "all"
    train = "train"
    val = "val"
    test = "test"


Out = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="A new or empty folder, or one to resume an interrupted run in.")
]
Products = Annotated[int, typer.Option("--products", metavar="N", help="Number of products in the shop.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Random seed; the same seed gives the same bytes.")]
Size = Annotated[int, typer.Option("--size", metavar="PIXELS", help="Long side of the pictures.")]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Number of processes; default: one per core.")
]
Categories = Annotated[
    list[str] | None,
    typer.Option("--category", metavar="NAME", help="Sell only this category; can be given several times."),
]
Shots = Annotated[
    list[str] | None,
    typer.Option("--shot", metavar="NAME", help="Draw only this picture of each page; can be given several times."),
]
Family = Annotated[
    int,
    typer.Option("--family", metavar="N", help="Products per family; they differ from its first in one attribute."),
]
SplitOption = Annotated[Split, typer.Option("--split", metavar="NAME", help="all, train, val or test.")]


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
    """Draw the product pages of a shop and its feed; print the path of the feed."""
    from streetshop.studio import SHOTS, draw_catalog

    echo(
        str(
            _shown(
                lambda progress: draw_catalog(
                    out, products, seed, workers, size, progress, category or (), shot or SHOTS, split.value, family
                )
            )
        )
    )


@app.command()
def street(
    out: Out,
    photos: Annotated[int, typer.Option("--photos", metavar="N", help="Number of street photos.")] = 100,
    products: Products = 300,
    seed: Seed = 0,
    size: Size = 512,
    workers: Workers = None,
    category: Categories = None,
    split: SplitOption = Split.all,
    family: Family = 8,
) -> None:
    """Draw street photos of people who wear the products of a shop; print the path of the annotations."""
    from streetshop.studio import draw_street

    echo(
        str(
            _shown(
                lambda progress: draw_street(
                    out, photos, seed, products, workers, size, progress, category or (), split.value, family
                )
            )
        )
    )


@app.command()
def dataset(
    out: Out,
    products: Products = 300,
    photos: Annotated[
        int | None, typer.Option("--photos", metavar="N", help="Number of street photos; default: one per product.")
    ] = None,
    seed: Seed = 0,
    size: Size = 512,
    workers: Workers = None,
    category: Categories = None,
    shot: Shots = None,
    split: SplitOption = Split.all,
    family: Family = 8,
) -> None:
    """Draw product pages and street photos; print the path of their manifest."""
    from streetshop.studio import SHOTS, draw_dataset

    echo(
        str(
            _shown(
                lambda progress: draw_dataset(
                    out,
                    products,
                    seed,
                    photos,
                    workers,
                    size,
                    progress,
                    category or (),
                    shot or SHOTS,
                    split.value,
                    family,
                )
            )
        )
    )


def _shown(draw: Callable[[Callable[[int, int], None]], Path]) -> Path:
    """Run ``draw`` with its progress on stderr."""
    with ProgressDisplay("pictures") as display:
        return draw(lambda done, total: display.show("drawing", done, total))
