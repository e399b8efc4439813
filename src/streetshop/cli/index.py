"""``streetshop index``."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from streetshop.cli.options import (
    CatalogOption,
    EncoderOption,
    JsonOption,
    ReaderOption,
    ThreadsOption,
    echo,
    kinds_text,
    print_json,
    say,
)

if TYPE_CHECKING:
    from streetshop.indexing.index import IndexReport
    from streetshop.indexing.ingest import IngestProgress

INTERRUPTED = 130


def index(
    feed: Annotated[
        Path,
        typer.Argument(metavar="FEED", help="Folder of pictures, or a CSV, TSV, JSON lines, JSON or Parquet file."),
    ],
    catalog: CatalogOption,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=COLUMN",
            help="The column of a field, e.g. category=label; can be given several times.",
        ),
    ] = None,
    image_template: Annotated[
        str | None,
        typer.Option(metavar="PATH", help='The path of a picture, {} for the image column, e.g. "images/{}.jpg".'),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Encoding of a text feed; default: detected.")
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Refuse a feed with more rows; default: 5,000,000.")
    ] = None,
    kinds: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The shop's own kinds: TOML or CSV that gives categories a kind."),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch pictures from http(s) addresses.")] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Pictures may be outside the feed's folder.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file for refused rows; default: refused.csv in the catalog."),
    ] = None,
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Remove products that the feed does not have.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Embed everything again, for another encoder or reader; searches use the old vectors meanwhile.",
        ),
    ] = False,
    thumbnails: Annotated[bool, typer.Option(help="Keep a small picture of every shot.")] = True,
    optimize: Annotated[bool, typer.Option(help="Refresh the search index at the end.")] = True,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the products of a shop into a catalog.

    Run it again when the feed changed or after an interruption: what is in the catalog is not embedded again. Rows and
    pictures that cannot be used are listed, with reasons, in the file of refused rows. If no row can be used, the exit
    code is 2.
    """
    from streetshop.core.errors import FeedError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.feeds.mapping import read_mapping
    from streetshop.feeds.read import MAX_ROWS, read_feed
    from streetshop.indexing.fetch import Fetcher
    from streetshop.indexing.index import IndexOptions, index_feed
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder

    mapping = read_mapping(kinds) if kinds else None
    with ProgressDisplay("rows") as display:
        source = read_feed(
            feed,
            columns=parse_columns(column),
            image_template=image_template,
            encoding=encoding,
            max_rows=max_rows or MAX_ROWS,
            kinds=mapping,
            progress=lambda rows: display.show("reading the feed", rows, None),
        )
    if source.columns is not None and source.columns.missing:
        *others, last = source.columns.missing
        names = f"{', '.join(others)} and {last}" if others else last
        say(f"the feed has no column for {names}; if it has one of another name, give --column FIELD=COLUMN")
    # One thread per model, since several pictures are processed at a time.
    model, looker = load_encoder(encoder, threads=1), load_reader(reader, threads=1)
    options = IndexOptions(
        fetcher=Fetcher() if fetch else None,
        allow_outside=allow_outside,
        thumbnails=thumbnails,
        delete_missing=delete_missing,
        rebuild=rebuild,
        optimize=optimize,
        refused=refused,
        threads=threads,
    )
    with ProgressDisplay("rows") as display, InterruptGuard() as guard:

        def show(now: IngestProgress) -> None:
            note = f"{now.embedded} pictures embedded" + (f", {now.refused} rows refused" if now.refused else "")
            display.show(f"indexing {source.kind}", now.rows, now.total, note)

        def show_optimizing(what: str, done: int, total: int | None) -> None:
            guard.release()  # all products are written: nothing is lost if the process ends at once
            display.show(what, done, total)

        report = index_feed(
            source, catalog, model, looker, options, progress=show, optimizing=show_optimizing, stop=guard.stop
        )
    _print(report, catalog, as_json)
    if not report.ingest.complete:
        say(f"interrupted; finished products are kept. To resume: {shlex.join(['streetshop', *sys.argv[1:]])}")
        raise typer.Exit(INTERRUPTED)
    if not (report.ingest.added or report.ingest.updated or report.ingest.unchanged):
        raise FeedError("no row can be used", where=str(feed), hint=f"The reasons are in {report.refused_file}")


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


class InterruptGuard:
    """A context in which the first Ctrl-C sets ``stop``; a second one interrupts at once, as usual."""

    def __init__(self) -> None:
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """From now on Ctrl-C interrupts at once."""
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.release()
        self.stop.set()
        say("stopping after the products in progress. Press Ctrl-C again to stop at once.")


def _print(report: IndexReport, catalog: str, as_json: bool) -> None:
    done = report.ingest
    if as_json:
        print_json(
            {
                "catalog": catalog,
                "added": done.added,
                "updated": done.updated,
                "unchanged": done.unchanged,
                "deleted": done.deleted,
                "refused": done.refused,
                "refused_pictures": done.refused_pictures,
                "refused_file": str(report.refused_file),
                "embedded": done.embedded,
                "seconds": round(done.seconds, 3),
                "images_per_second": round(done.images_per_second, 2),
                "products": report.products,
                "kinds": dict(report.kinds),
                "complete": done.complete,
                "notes": done.notes,
            }
        )
    else:
        echo(
            f"{catalog}: {report.products} products; {done.added} added, {done.updated} updated, "
            f"{done.unchanged} unchanged, {done.deleted} deleted, {done.refused} refused"
        )
        echo(
            f"{done.embedded} pictures embedded in {done.seconds:.1f} s"
            + (f" ({done.images_per_second:.1f} images/s)" if done.embedded else "")
            + (f", {done.refused_pictures} pictures refused" if done.refused_pictures else "")
        )
        echo(f"kinds by {kinds_text(report.kinds)}")
    for note in done.notes:
        say(note)
    if report.refused_lines:
        say(f"refused rows and pictures: {report.refused_file}")
