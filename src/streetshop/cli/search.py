"""``streetshop search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import (
    CatalogOption,
    EncoderOption,
    FilterOption,
    JsonOption,
    KindsOption,
    OffsetOption,
    ReaderOption,
    ThreadsOption,
    VariantsOption,
    WeightOption,
    markup,
    parse_variants,
    print_json,
    say,
)

if TYPE_CHECKING:
    from streetshop import PhotoAnswer
    from streetshop.api import SearchOptions


def search(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs to search with.")],
    catalog: CatalogOption,
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="Products per garment, at most 200.")] = 12,
    where: FilterOption = None,
    weight: WeightOption = None,
    kinds: KindsOption = None,
    variants: VariantsOption = "design",
    offset: OffsetOption = 0,
    garment: Annotated[
        int | None, typer.Option(metavar="N", help="Only this garment of the photo, counted from 0.")
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(metavar="X0,Y0,X1,Y1", help="Search for what is in this box instead, in pixels of the photo."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a result sheet, one HTML file.")] = None,
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Search a catalog with a photograph: the nearest products of every garment in it.

    With --json each photo gives one line: {"photo", "reader", "weights", "garments": [{"category", "score", "box",
    "hotspot", "matches": [{"id", "score", ...}]}]}.
    """
    import streetshop
    from streetshop.core.errors import PhotoError, UsageError
    from streetshop.present.sheets import write_sheet
    from streetshop.search.request import parse_box
    from streetshop.search.weights import parse_weights

    weights = parse_weights(weight or ())
    boxes = [] if box is None else [parse_box(box)]
    asked: SearchOptions = {
        "k": k,
        "where": where,
        "weights": weights,
        "kinds": kinds,
        "variants": parse_variants(variants),
        "offset": offset,
    }
    rows, refused = [], 0
    with streetshop.open(catalog, encoder=encoder, reader=reader, threads=threads) as opened:
        for path in photos:
            try:
                answer = opened.search(path, garment=garment, boxes=boxes, **asked)
            except PhotoError as error:
                if len(photos) == 1:
                    raise
                say(f"refused: {error}")
                refused += 1
                continue
            if as_json:
                content = answer.to_dict()
                print_json({**content, "photo": {"path": str(path), **content["photo"]}})
            else:
                _print_table(path, answer)
            if html is not None:
                rows.append(answer.sheet_row())
    if html is not None:
        write_sheet(html, rows, title="streetshop search", reader=any(row.reader for row in rows))
        say(f"wrote {html}")
    if refused == len(photos):
        raise UsageError("no photo could be read", hint="See the messages above")


def _print_table(path: Path, answer: PhotoAnswer) -> None:
    from rich.console import Console
    from rich.table import Table

    from streetshop.present.words import lacking_text

    console = Console(highlight=False)
    if answer.look.reader is None:
        console.print(f"{markup(str(path))}: without a reader the whole photo, or the box given, is one garment")
    for i, found in enumerate(answer):
        table = Table(title=markup(f"{path.name}: garment {i}, {found.garment.category}"), title_justify="left")
        for name in ("", "score", "id", "title", "category", "kind", "price"):
            table.add_column(name, justify="right" if name in ("", "score", "price") else "left")
        for rank, match in enumerate(found.matches or found.others, 1):
            product = match.product
            price = "" if product.price is None else f"{product.price:.2f} {product.currency}".strip()
            cells = (str(rank), f"{match.score:.3f}", product.id, product.title, product.category, product.kind, price)
            table.add_row(*(markup(cell) for cell in cells))
        if found.lacking:
            console.print(markup(lacking_text(found)), highlight=False)
        if table.row_count:
            console.print(table)
