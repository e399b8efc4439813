"""Options of the commands that read a feed, and what they print of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import say
from streetshop.core.terminal import one_line

if TYPE_CHECKING:
    from streetshop.feeds.read import Feed
    from streetshop.feeds.refused import Causes
    from streetshop.feeds.report import FeedReport
    from streetshop.indexing.fetch import Fetcher

_CAUSES, _ATTRIBUTES, _WIDTH = 8, 20, 240
"""Reasons and attributes that are listed, and characters of a reason."""

_FEED_HELP = (
    "Folder of pictures, or a CSV, TSV, XML, JSON or Parquet file, packed with gzip or not; several files of one "
    "folder; - for standard input; an address with --fetch."
)
FeedsArgument = Annotated[list[str], typer.Argument(metavar="FEED...", help=_FEED_HELP, show_default=False)]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=COLUMN",
        help="The column of a field, e.g. category=label; can be given several times.",
    ),
]
ImageTemplateOption = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="The path of a picture, {} for the image column, {sku} for another one, {:.3} for its first characters.",
    ),
]
ProductFoldersOption = Annotated[
    bool | None,
    typer.Option(help="In a folder of pictures, each folder is one product, or no folder is; default: by their names."),
]
FetchOption = Annotated[bool, typer.Option("--fetch", help="Fetch the feed and its pictures from http(s) addresses.")]
EncodingOption = Annotated[str | None, typer.Option(metavar="NAME", help="Encoding of a text feed; default: detected.")]
MaxRowsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Refuse a feed with more rows; default: 5,000,000.")
]
FeedKindsOption = Annotated[
    Path | None,
    typer.Option("--kinds", metavar="FILE", help="The shop's own kinds: TOML or CSV that gives categories a kind."),
]
PresetOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The shop system whose export it is, or none for a product from each row; default: auto, by its columns.",
    ),
]
CurrencyOption = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Currency of prices that name none, or only a sign such as kr; e.g. SEK."),
]

FetchHeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fetch-header",
        metavar="[HOST ]NAME: VALUE",
        help="A header for picture servers, or @FILE with one a line; with HOST for that one alone.",
    ),
]
FetchRateOption = Annotated[
    float, typer.Option("--fetch-rate", metavar="N", min=0.01, max=1000, help="Fetches per second from one host.")
]


def make_fetcher(fetch: bool, headers: list[str] | None, rate: float) -> Fetcher | None:
    """The fetcher that the options of a command ask for. Raises :class:`UsageError`."""
    from streetshop.core.errors import UsageError
    from streetshop.indexing.fetch import Fetcher, FetchLimits
    from streetshop.indexing.manners import parse_headers

    found = parse_headers(headers or ())
    if found and not fetch:
        raise UsageError("--fetch-header without --fetch", hint="Give both")
    return Fetcher(FetchLimits(per_second=rate), headers=found) if fetch else None


def open_feed(
    feed: Path | list[str],
    *,
    column: list[str] | None,
    image_template: str | None,
    encoding: str | None,
    max_rows: int | None,
    kinds: Path | None,
    preset: str = "auto",
    currency: str | None = None,
    product_folders: bool | None = None,
    fetch: bool = False,
    fetch_header: list[str] | None = None,
) -> Feed:
    """Open a feed as the options of a command say, with progress.

    Raises:
        FeedError: it cannot be read, or fetched.
        UsageError: an address without ``--fetch``, or beside other feeds.
    """
    from streetshop.core.errors import UsageError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.feeds.mapping import read_mapping
    from streetshop.feeds.read import MAX_ROWS, read_feed
    from streetshop.feeds.spool import Spool
    from streetshop.indexing.feed_address import fetch_feed, is_address
    from streetshop.indexing.manners import parse_headers

    mapping = read_mapping(kinds) if kinds else None
    names = [str(feed)] if isinstance(feed, Path) else feed
    address, spool = next(filter(is_address, names), ""), None
    with ProgressDisplay("rows") as display:
        if address:
            if len(names) > 1 or not fetch:
                hint = "Allow it with --fetch" if not fetch else "Name an address alone"
                raise UsageError("addresses are not fetched", where=address[:200], hint=hint)
            spool = Spool()
            names = [str(fetch_feed(address, spool, parse_headers(fetch_header or ())))]
        elif "-" in names and len(names) > 1:
            raise UsageError("- beside other feeds", hint="Give standard input alone")
        return read_feed(
            names[0] if len(names) == 1 else names,
            columns=parse_columns(column),
            image_template=image_template,
            encoding=encoding,
            max_rows=max_rows or MAX_ROWS,
            kinds=mapping,
            preset=preset,
            currency=currency or "",
            product_folders=product_folders,
            base=address,
            spool=spool,
            progress=lambda rows: display.show("reading the feed", rows, None),
        )


def parse_columns(values: list[str] | None) -> dict[str, str]:
    """``["category=label"]`` to ``{"category": "label"}``. Raises :class:`UsageError`."""
    from streetshop.core.errors import UsageError

    columns: dict[str, str] = {}
    for value in values or ():
        name, sign, column = value.partition("=")
        if not (sign and name.strip() and column.strip()) or name.strip() in columns:
            raise UsageError(f"--column {value!r}", hint="Write FIELD=COLUMN, each field once, as in category=label")
        columns[name.strip()] = column.strip()
    return columns


def say_missing(feed: Feed) -> None:
    """Name the common fields that no column holds."""
    if feed.columns is not None and feed.columns.missing:
        *others, last = feed.columns.missing
        names = f"{', '.join(others)} and {last}" if others else last
        say(f"the feed has no column for {names}; if it has one of another name, give --column FIELD=COLUMN")


def column_lines(feed: Feed) -> list[str]:
    """What each column is used for, a line for each; attributes in one."""
    from streetshop.feeds.report import column_uses

    uses = column_uses(feed)
    fields = [each for each in uses if not each.use.startswith("attribute ")]
    attributes = [each for each in uses if each.use.startswith("attribute ")]
    width = max((len(each.use) for each in fields), default=0)
    lines = [f"  {each.use:{width}}  {one_line(each.column)}" for each in fields]
    if attributes:
        named = [one_line(each.column) for each in attributes[:_ATTRIBUTES]]
        more = f" and {len(attributes) - _ATTRIBUTES} more" if len(attributes) > _ATTRIBUTES else ""
        lines.append(f"  kept as attributes: {', '.join(named)}{more}")
    return ["columns:", *lines] if lines else []


def filled_line(report: FeedReport) -> str:
    """How many products have a value, by field."""
    from streetshop.feeds.report import FIELDS

    counts = ", ".join(f"{name} {report.filled[name]}" for name in FIELDS if report.filled[name])
    return f"of {report.products} products, so many have a value: {counts or 'none'}"


def left_out_line(counts: Mapping[str, int]) -> str:
    """How many rows are of products that are not for sale, by reason."""
    return "not for sale, left out: " + ", ".join(f"{reason} {count}" for reason, count in counts.items())


def remark_lines(report: FeedReport) -> list[str]:
    """What products go without, a line for each column and reason."""
    found = report.remarks()
    lines = []
    for each in found[:_CAUSES]:
        remark = one_line(str(each.remark))
        lines.append(f"  {each.count} x {remark[:_WIDTH]} (first in row {each.row})")
    if len(found) > _CAUSES:
        lines.append(f"  {sum(each.count for each in found[_CAUSES:])} x further remarks")
    return ["not understood, products go without:", *lines] if lines else []


def report_lines(feed: Feed, report: FeedReport) -> list[str]:
    """The whole report for people."""
    lines = [*column_lines(feed), filled_line(report)]
    if report.left_out:
        lines.append(left_out_line(report.left_out))
    return [*lines, *remark_lines(report), *cause_lines(report.causes)]


def cause_lines(causes: Causes) -> list[str]:
    """The commonest reasons of refusals, a line for each."""
    found = causes.commonest()
    lines = []
    for cause in found[:_CAUSES]:
        reason = one_line(cause.reason)
        short = reason if len(reason) <= _WIDTH else f"{reason[:_WIDTH]}..."
        lines.append(f"  {cause.count} x {short} (first in row {cause.first.row})")
    if len(found) > _CAUSES:
        lines.append(f"  {sum(cause.count for cause in found[_CAUSES:])} x further reasons")
    return ["refused, by the commonest reasons:", *lines] if lines else []


def report_json(feed: Feed, report: FeedReport) -> dict[str, Any]:
    """The same for programs."""
    from streetshop.feeds.refused import capped
    from streetshop.feeds.report import column_uses

    return {
        "columns": [{"column": each.column, "use": each.use} for each in column_uses(feed)],
        "filled": dict(report.filled),
        "left_out": dict(report.left_out),
        "remarks": [
            {
                "column": each.remark.column,
                "reason": each.remark.reason,
                "value": each.remark.value,
                "count": each.count,
                "row": each.row,
            }
            for each in report.remarks()
        ],
        "reasons": [
            {
                "reason": capped(cause.reason),
                "count": cause.count,
                "first": {"row": cause.first.row, "id": cause.first.id, "image": capped(cause.first.image)},
            }
            for cause in report.causes.commonest()
        ],
    }
