"""``streetshop feed``: look at a feed before it is indexed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.feed_options import (
    ColumnOption,
    CurrencyOption,
    EncodingOption,
    FeedKindsOption,
    FeedsArgument,
    FetchHeaderOption,
    FetchOption,
    ImageTemplateOption,
    MaxRowsOption,
    PresetOption,
    ProductFoldersOption,
    column_lines,
    left_out_line,
    open_feed,
    say_missing,
)
from streetshop.cli.options import JsonOption, echo, print_json, say

if TYPE_CHECKING:
    from streetshop.feeds.read import Feed, FeedRow
    from streetshop.feeds.refused import Refusal

app = typer.Typer(help="Look at a feed before it is indexed.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _feed() -> None:
    pass


@app.command()
def preview(
    feeds: FeedsArgument,
    products: Annotated[int, typer.Option("-n", "--products", metavar="N", min=1, help="Products to print.")] = 5,
    column: ColumnOption = None,
    image_template: ImageTemplateOption = None,
    encoding: EncodingOption = None,
    max_rows: MaxRowsOption = None,
    kinds: FeedKindsOption = None,
    preset: PresetOption = "auto",
    currency: CurrencyOption = None,
    product_folders: ProductFoldersOption = None,
    fetch: FetchOption = False,
    fetch_header: FetchHeaderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the first products of a feed as they are understood, and what each column is used for.

    Pictures are not read. The exit code is 1 if the feed has no usable row.
    """
    source = open_feed(
        feeds,
        column=column,
        image_template=image_template,
        encoding=encoding,
        max_rows=max_rows,
        kinds=kinds,
        preset=preset,
        currency=currency,
        product_folders=product_folders,
        fetch=fetch,
        fetch_header=fetch_header,
    )
    rows, refused, left_out = _first(source, products)
    if as_json:
        print_json(_json(source, rows, refused, left_out))
    else:
        echo(f"{', '.join(feeds)}: {source.kind}, {source.rows} rows")
        for line in column_lines(source):
            echo(line)
        for row in rows:
            echo("")
            for line in _lines(row):
                echo(line)
    say_missing(source)
    for refusal in refused[:products]:
        say(f"row {refusal.row} is refused: {refusal.reason[:300]}")
    if len(refused) > products:
        say(f"so are {len(refused) - products} more of the first rows; streetshop index --check counts all of them")
    if left_out:
        say(left_out_line(left_out))
    for note in source.notes:
        say(note)
    if not rows:
        raise typer.Exit(1)


def _first(source: Feed, most: int) -> tuple[list[FeedRow], list[Refusal], Counter[str]]:
    """The first products; the refusals, and the reasons why rows are left out, before the last of them."""
    from streetshop.feeds.read import FeedRow
    from streetshop.feeds.states import LeftOut

    rows: list[FeedRow] = []
    refused: list[Refusal] = []
    left_out: Counter[str] = Counter()
    for row in source:
        if isinstance(row, FeedRow):
            rows.append(row)
            if len(rows) == most:
                break
        elif isinstance(row, LeftOut):
            left_out[row.reason] += 1
        else:
            refused.append(row)
    return rows, refused, left_out


def _lines(row: FeedRow) -> list[str]:
    """A product for people: one value a line, empty ones left out."""
    from streetshop.core.terminal import one_line

    product = row.product
    values: dict[str, object] = {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "kind": f"{product.kind} (by {product.kind_source})" if product.kind else "",
        "brand": product.brand,
        "price": "" if product.price is None else f"{product.price:g} {product.currency}".strip(),
        "in stock": "" if product.in_stock is None else "yes" if product.in_stock else "no",
        "url": product.url,
        "design": product.design,
    }
    values |= {f"picture {number}": shot.source for number, shot in enumerate(product.shots, start=1)}
    values |= dict(product.attributes)
    values |= {f"remark {number}": str(remark) for number, remark in enumerate(product.remarks, start=1)}
    filled = {name: str(value) for name, value in values.items() if value != ""}
    width = max(map(len, filled))
    return [f"row {row.number}", *(f"  {name:{width}}  {one_line(text)[:200]}" for name, text in filled.items())]


def _json(source: Feed, rows: list[FeedRow], refused: list[Refusal], left_out: Counter[str]) -> dict[str, Any]:
    from streetshop.feeds.refused import capped
    from streetshop.feeds.report import column_uses
    from streetshop.present.json import product_json

    return {
        "kind": source.kind,
        "rows": source.rows,
        "columns": [{"column": each.column, "use": each.use} for each in column_uses(source)],
        "products": [{"row": row.number, **product_json(row.product)} for row in rows],
        "refused": [{"row": each.row, "id": each.id, "reason": capped(each.reason)} for each in refused],
        "left_out": dict(left_out),
        "notes": list(source.notes),
    }
