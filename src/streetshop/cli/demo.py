"""``streetshop demo``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import ThreadsOption, echo, markup, say

if TYPE_CHECKING:
    from streetshop.core.geometry import Box
    from streetshop.present.sheets import SheetRow

_DRAWN_SIDE = 384
"""Long side of the drawings in pixels: enough to look at, and the demo stays under two minutes, installing included."""
_DRAWN_FAMILY = 4
"""Products that differ in one attribute: few, so that a page of results shows more than one design."""


def demo(
    data: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Folder of your own pictures; default: drawn ones.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for everything the demo makes.")] = Path("demo"),
    products: Annotated[int, typer.Option(metavar="N", min=10, max=100_000, help="Products to draw.")] = 300,
    photos: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Photographs to search with.")] = 12,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of what is drawn or chosen.")] = 1,
    threads: ThreadsOption = None,
) -> None:
    """See it work: make a catalog, search it with photographs, write a result sheet.

    Without a folder, a small shop and street photographs are drawn, and every garment that the drawing knows of is
    searched for by its box. With a folder, its pictures become the catalog, and some of them are searched with; a
    picture is never its own answer.
    """
    import streetshop
    from streetshop.present.sheets import write_sheet

    if data is None:
        feed, asked = _draw(out / "drawn", products, photos, seed)
    else:
        feed, asked = data, _choose(data, photos, seed)
    url = str(out / "shop.catalog")
    _index(feed, url, threads)
    with streetshop.open(url, threads=threads) as catalog:
        rows = [
            catalog.search(
                question.photo,
                boxes=question.boxes,
                without=question.itself,
                # The reader is made for photographs, not for drawings. Of drawn products, which differ in an
                # attribute, only one is right, so each is a result.
                kinds="any" if data is None else "auto",
                variants=data is None,
            ).sheet_row(question.right)
            for question in asked
        ]
    right = [(each.right, [match.product.id for match, _ in each.matches]) for row in rows for each in row.garments]
    _print_table(rows)
    known = [(truth, ids) for truth, ids in right if truth is not None]
    note = "Garments were searched for by the boxes that the drawing knows." if data is None else ""
    if known:
        first = sum(ids[:1] == [truth] for truth, ids in known)
        ten = sum(truth in ids[:10] for truth, ids in known)
        found = f"Of {len(known)} garments, the very product came first for {first} and within the first ten for {ten}."
        echo(found)
        note = f"{note} {found} Its card is framed in green."
    sheet = out / "results.html"
    write_sheet(sheet, rows, title="streetshop demo", reader=any(row.reader for row in rows), note=note)
    echo(f"Sheet:  {sheet}\nSearch: streetshop search PHOTO --catalog {url}\nPage:   streetshop serve --catalog {url}")


@dataclass(frozen=True, slots=True)
class _Question:
    """A photo to search with: by boxes with their true products, or, where it is a picture of the shop, without it."""

    photo: Path
    boxes: tuple[Box, ...] = ()
    right: tuple[str, ...] = ()
    itself: str | None = None


def _draw(out: Path, products: int, photos: int, seed: int) -> tuple[Path, list[_Question]]:
    """A drawn shop's feed, and its street photos."""
    import pyarrow.parquet as pq

    from streetshop.core.geometry import Box
    from streetshop.core.progress import ProgressDisplay
    from streetshop.studio import draw_catalog, draw_street

    shop, street = out / "shop", out / "street"
    with ProgressDisplay("pictures") as display:
        feed = draw_catalog(
            shop,
            products,
            seed,
            size=_DRAWN_SIDE,
            progress=lambda n, of: display.show("drawing the shop", n, of),
            shots=("packshot",),
            family=_DRAWN_FAMILY,
        )
        draw_street(
            street,
            photos,
            seed,
            products,
            size=_DRAWN_SIDE,
            progress=lambda n, of: display.show("drawing the street", n, of),
            family=_DRAWN_FAMILY,
        )
    table = pq.read_table(street / "manifest.parquet", columns=["image", "product_id", "box"])
    found: dict[str, list[tuple[str, Box]]] = {}
    for row in table.to_pylist():
        if row["product_id"] and row["box"]:
            found.setdefault(row["image"], []).append((row["product_id"], Box.from_sequence(row["box"])))
    return feed, [
        _Question(street / image, tuple(box for _, box in garments), tuple(product for product, _ in garments))
        for image, garments in sorted(found.items())
    ]


def _choose(folder: Path, photos: int, seed: int) -> list[_Question]:
    """Some pictures of the folder, readable ones."""
    import random

    from streetshop.core.errors import FeedError, PhotoError
    from streetshop.core.photo import Photo
    from streetshop.indexing.embed import find_pictures

    pictures = find_pictures([folder]) if folder.is_dir() else []
    if not pictures:
        raise FeedError(
            "there is no folder with pictures", where=str(folder), hint="Give a folder of JPEG or PNG files"
        )
    random.Random(seed).shuffle(pictures)  # noqa: S311 - which pictures a demo shows is no secret
    chosen: list[_Question] = []
    for path in pictures:
        try:
            Photo.from_path(path)
        except PhotoError:
            continue  # indexing lists it with the reason
        # The id that a folder feed gives it.
        chosen.append(_Question(path, itself=path.relative_to(folder).with_suffix("").as_posix()))
        if len(chosen) == photos:
            break
    return chosen


def _index(feed: Path, url: str, threads: int | None) -> None:
    from streetshop.core.progress import ProgressDisplay
    from streetshop.feeds.read import read_feed
    from streetshop.indexing.index import IndexOptions, index_feed
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder

    with ProgressDisplay("products") as display:
        report = index_feed(
            read_feed(feed),
            url,
            load_encoder(threads=1),
            load_reader(threads=1),
            IndexOptions(delete_missing=True, threads=threads),
            progress=lambda now: display.show("indexing", now.rows, now.total, f"{now.embedded} pictures embedded"),
            optimizing=display.show,
        )
    counts = report.ingest
    rate = f" ({counts.embedded / counts.seconds:.0f} pictures/s)" if counts.embedded and counts.seconds else ""
    say(f"indexed {report.products} products in {counts.seconds:.1f} s{rate}; refused {counts.refused}")


def _print_table(rows: Iterable[SheetRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    from streetshop.present.words import closeness_text

    table = Table("photo", "garment", "nearest product", "category", "closeness", title="Nearest products")
    for row in rows:
        for i, each in enumerate(row.garments):
            name = row.name if i == 0 else ""
            if not each.matches:
                table.add_row(markup(name), str(i), "none", "", "")
                continue
            best = each.matches[0][0]
            mark = " ✓" if each.right == best.product.id else ""
            title = markup(best.product.title or best.product.id) + mark
            table.add_row(markup(name), str(i), title, markup(best.product.category), closeness_text(best))
    Console(highlight=False).print(table)
