"""``streetshop search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import (
    CatalogOption,
    EncoderOption,
    FilterOption,
    JsonOption,
    ReaderOption,
    ThreadsOption,
    WeightOption,
    parse_filter_option,
    parse_weights,
    print_json,
    say,
)

if TYPE_CHECKING:
    from streetshop.search.query import Answer


def search(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs to search with.")],
    catalog: CatalogOption,
    k: Annotated[int, typer.Option("--k", "-k", help="Products per garment.")] = 12,
    where: FilterOption = None,
    weight: WeightOption = None,
    garment: Annotated[int | None, typer.Option(help="Only this garment of the photo, counted from 0.")] = None,
    box: Annotated[
        str | None, typer.Option(help="Search for what is in this box instead: x0,y0,x1,y1 in pixels.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a result sheet that one can mail.")] = None,
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Search a catalog with a photograph: the nearest products of every garment in it.

    With --json each photo gives one line, {"photo": ..., "garments": [{"category", "score", "box", "hotspot",
    "matches": [{"id", "score", ...}]}]}.
    """
    from streetshop.catalog.open import open_catalog
    from streetshop.core.errors import PhotoError, UsageError
    from streetshop.core.photo import Photo
    from streetshop.looks import PHOTO_SIDE, load_reader
    from streetshop.models import load_encoder
    from streetshop.present.sheets import SheetRow, write_sheet
    from streetshop.search.query import Searcher

    weights = parse_weights(weight)
    store = open_catalog(catalog)
    try:
        condition = parse_filter_option(where, store)
        searcher = Searcher(store, load_encoder(encoder, threads=threads), load_reader(reader, threads=threads))
        rows, refused = [], []
        for path in photos:
            try:
                photo = Photo.from_path(path, at_least=PHOTO_SIDE)
            except PhotoError as error:
                if len(photos) == 1:
                    raise
                say(f"refused: {error}")
                refused.append(path)
                continue
            answer = searcher.search(photo, k, condition, weights, garment=garment, box=_box(box))
            if as_json:
                print_json(_answer_json(path, answer))
            else:
                _print_table(path, answer)
            if html is not None:
                rows.append(SheetRow.from_answer(path.name, photo, answer, store))
        if html is not None:
            write_sheet(html, rows, title="streetshop search", reader=searcher.reader.name is not None)
            say(f"wrote {html}")
        if len(refused) == len(photos):
            raise UsageError("no photo could be read", hint="See the messages above")
    finally:
        store.close()


def _box(text: str | None):  # type: ignore[no-untyped-def]
    from streetshop.core.errors import UsageError
    from streetshop.core.geometry import Box

    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--box {text!r}", hint="Write four numbers, x0,y0,x1,y1") from None
    return Box.from_sequence(numbers)


def _answer_json(path: Path, answer: Answer) -> dict[str, Any]:
    from streetshop.present.values import garment_json, product_json, ranking_json

    return {
        "photo": {"path": str(path), "width": answer.look.width, "height": answer.look.height},
        "reader": answer.look.reader,
        "garments": [
            {
                **garment_json(found.garment),
                "matches": [
                    {
                        **product_json(match.product),
                        "shots": [shot.source for shot in match.product.shots],
                        **ranking_json(match),
                    }
                    for match in found.matches
                ],
            }
            for found in answer.garments
        ],
    }


def _print_table(path: Path, answer: Answer) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    if answer.look.reader is None:
        console.print(f"{escape(str(path))}: no reader, so the whole photo (or your box) stands as one garment")
    for i, found in enumerate(answer.garments):
        table = Table(title=escape(f"{path.name}: garment {i}, {found.garment.category}"), title_justify="left")
        for name in ("", "score", "id", "title", "category", "price"):
            table.add_column(name, justify="right" if name in ("", "score", "price") else "left")
        for rank, match in enumerate(found.matches, 1):
            product = match.product
            price = "" if product.price is None else f"{product.price:.2f} {product.currency}".strip()
            cells = (str(rank), f"{match.score:.3f}", product.id, product.title, product.category, price)
            table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
