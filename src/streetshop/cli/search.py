"""``streetshop search``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import (
    CatalogOption,
    DiverseOption,
    EncoderOption,
    ExplainOption,
    FilterOption,
    JsonOption,
    KindsOption,
    MinScoreOption,
    OffsetOption,
    ReaderOption,
    TextOption,
    ThreadsOption,
    VariantsOption,
    WeightsOption,
    echo,
    markup,
    parse_variants,
    print_json,
    say,
)

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from streetshop import Catalog, PhotoAnswer
    from streetshop.api import SearchOptions
    from streetshop.core.records import Match
    from streetshop.search import GarmentAnswer


def search(
    catalog: CatalogOption,
    photos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PHOTO...]", help="Photographs to search with; none to search with --text alone."),
    ] = None,
    text: TextOption = None,
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="Products per garment, at most 200.")] = 12,
    where: FilterOption = None,
    weights: WeightsOption = None,
    kinds: KindsOption = None,
    variants: VariantsOption = "design",
    offset: OffsetOption = 0,
    diverse: DiverseOption = 0.0,
    explain: ExplainOption = False,
    min_score: MinScoreOption = 0.0,
    one_garment: Annotated[
        bool,
        typer.Option(
            "--one-garment", help="All photos show one garment: search for it once, by the mean of its pictures."
        ),
    ] = False,
    garment: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only this garment of the photo (of the first photo), counted from 0."),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(metavar="X0,Y0,X1,Y1", help="Search for what is in this box instead, in pixels of the photo."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a result sheet, one HTML file.")] = None,
    heatmaps: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Also draw each garment as a PNG, redder where it is more like its first product."
        ),
    ] = None,
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Search a catalog with a photograph, words, or both: the nearest products of every garment in the photo.

    With --json each photo gives one line: {"photo", "reader", "weights", "garments": [{"category", "score", "box",
    "hotspot", "matches": [{"id", "score", "closeness", "similarity", ...}]}]}. Without photos it prints {"matches",
    "weights"}. With --one-garment there is one line with one garment, whose "views" say what was taken of each photo.
    """
    import streetshop
    from streetshop.core.errors import PhotoError, UsageError
    from streetshop.present.sheets import write_sheet
    from streetshop.search.request import parse_box
    from streetshop.search.weights import parse_weights

    boxes = [] if box is None else [parse_box(box)]
    asked: SearchOptions = {
        "k": k,
        "where": where,
        "weights": parse_weights(weights or ()),
        "kinds": kinds,
        "variants": parse_variants(variants),
        "offset": offset,
        "diverse": diverse,
        "min_score": min_score,
    }
    if not photos:
        with streetshop.open(catalog, encoder=encoder, reader=reader, threads=threads) as opened:
            of_photos: list[object] = [garment, box, html, heatmaps, explain or None, one_garment or None]
            _search_words(opened, text, asked, of_photos, as_json)
        return
    asked["text"] = text
    asked["explain"] = explain
    rows, refused = [], 0
    with streetshop.open(catalog, encoder=encoder, reader=reader, threads=threads) as opened:
        for path in photos[:1] if one_garment else photos:
            try:
                if one_garment:
                    answer = opened.search(photos, one_garment=True, garment=garment, boxes=boxes, **asked)
                else:
                    answer = opened.search(path, garment=garment, boxes=boxes, **asked)
            except PhotoError as error:
                if len(photos) == 1 or one_garment:
                    raise
                say(f"refused: {error}")
                refused += 1
                continue
            if as_json:
                content = answer.to_dict()
                print_json({**content, "photo": {"path": str(path), **content["photo"]}})
            else:
                _print_table(path, answer, offset)
            if html is not None:
                rows.append(answer.sheet_row())
            if heatmaps is not None:
                first = answer[0].views[0].index if one_garment else garment or 0
                _draw_heatmaps(opened, path, answer, asked, heatmaps, first=first, boxed=bool(boxes))
    if html is not None:
        write_sheet(html, rows, title="streetshop search", reader=any(row.reader for row in rows))
        say(f"wrote {html}")
    if refused == len(photos):
        raise UsageError("no photo could be read", hint="See the messages above")


def _draw_heatmaps(
    catalog: Catalog,
    photo: Path,
    answer: PhotoAnswer,
    asked: SearchOptions,
    folder: Path,
    *,
    first: int,
    boxed: bool,
) -> None:
    """Write ``PHOTO-N.png`` for the first product of each garment, the first of which has number ``first``."""
    from streetshop.core.files import output_file

    for number, found in enumerate(answer, first):
        for match in (found.matches or found.others)[:1]:
            drawn = catalog.heatmap(
                photo,
                match.product.id,
                shot=match.shot,
                garment=None if boxed else number,
                box=found.garment.box if boxed else None,
                weights=asked["weights"],
            )
            with output_file(folder / f"{photo.stem}-{number}.png") as partial:
                partial.write_bytes(drawn)
            say(f"wrote {folder / f'{photo.stem}-{number}.png'}")


def _search_words(
    catalog: Catalog, text: str | None, asked: SearchOptions, of_photos: list[object], as_json: bool
) -> None:
    """Search with words alone; options that need a photo are refused."""
    from rich.console import Console

    from streetshop.core.errors import UsageError

    if not text:
        raise UsageError("there is nothing to search with", hint="Give a photo, or --text WORDS")
    if any(value is not None for value in of_photos):
        raise UsageError(
            "--garment, --one-garment, --box, --html, --heatmaps and --explain are about photos",
            hint="Give a photo, or leave them out",
        )
    found = catalog.find(text, **asked)
    if as_json:
        print_json(found.to_dict())
    elif found:
        Console(highlight=False).print(match_table(text, found))
    elif asked["offset"]:
        echo(_no_more(asked["offset"]))
    else:
        narrowed = asked["where"] is not None or asked["kinds"]
        echo(f"no product {'that passes ' if narrowed else ''}has any of these words")


def match_table(title: str, matches: Sequence[Match]) -> Table:
    """Products in lines, nearest first."""
    from rich.table import Table

    from streetshop.present.words import closeness_text

    by_words = not any(match.blocks for match in matches)
    columns = ["", "relevance" if by_words else "closeness", "id", "title", "category", "kind", "price"]
    if any(match.words for match in matches):
        columns.append("words")
    table = Table(title=markup(title), title_justify="left")
    for name in columns:
        justify: JustifyMethod = "right" if name in ("", "price") else "left"
        table.add_column(name, justify=justify, min_width=len(name), overflow="fold")
    for rank, match in enumerate(matches, 1):
        product = match.product
        price = "" if product.price is None else f"{product.price:.2f} {product.currency}".strip()
        cells = [str(rank), closeness_text(match), product.id, product.title, product.category, product.kind, price]
        cells.append(" ".join(match.words))
        table.add_row(*(markup(cell) for cell in cells[: len(columns)]))
    return table


def _notes(matches: Sequence[Match]) -> Table:
    """Below a table: why each product was found, and what was seen in its pictures."""
    from rich.table import Table

    from streetshop.present.words import predicted_text

    notes = Table.grid(padding=(0, 2, 0, 0))
    notes.add_column(justify="right", min_width=3)
    for rank, match in enumerate(matches, 1):
        lines = filter(None, (_reasons(match), predicted_text(match.product.predicted)))
        for i, line in enumerate(lines):
            notes.add_row("" if i else str(rank), markup(line))
    return notes


def _reasons(match: Match) -> str:
    if match.explanation is None:
        return ""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in match.explanation.shares.items())
    return f"{shares}; {', '.join(match.explanation.colours)}".rstrip("; ")


def _title(path: Path, number: int, found: GarmentAnswer) -> str:
    if found.views:
        return ", ".join(f"{view.name}: garment {view.index}, {view.garment.category}" for view in found.views)
    return f"{path.name}: garment {number}, {found.garment.category}"


def _no_more(offset: int) -> str:
    return f"there are no products from --offset {offset} on"


def _print_table(path: Path, answer: PhotoAnswer, offset: int) -> None:
    from rich.console import Console

    from streetshop.present.words import lacking_text, others_text

    console = Console(highlight=False)
    if answer.look.reader is None:
        console.print(f"{markup(str(path))}: without a reader the whole photo, or the box given, is one garment")
    for i, found in enumerate(answer):
        title = _title(path, i, found)
        if found.lacking:
            console.print(markup(f"{title}. {lacking_text(found)}"))
        if found.matches:
            console.print(match_table(title, found.matches))
        elif not found.lacking:
            console.print(markup(f"{title}: {_no_more(offset) if offset else 'the catalog is empty'}"))
        if found.others:
            console.print(match_table(others_text(found), found.others))
        notes = _notes(found.matches or found.others)
        if notes.row_count:
            console.print(notes)
