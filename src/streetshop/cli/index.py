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

from streetshop.cli.feed_options import (
    ColumnOption,
    CurrencyOption,
    EncodingOption,
    FeedKindsOption,
    FeedsArgument,
    FetchHeaderOption,
    FetchOption,
    FetchRateOption,
    ImageTemplateOption,
    MaxRowsOption,
    PresetOption,
    ProductFoldersOption,
    make_fetcher,
    open_feed,
    report_json,
    report_lines,
    say_missing,
)
from streetshop.cli.options import (
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
    from collections.abc import Callable

    from streetshop.feeds.read import Feed
    from streetshop.indexing.index import IndexReport
    from streetshop.indexing.ingest import IngestProgress
    from streetshop.indexing.watch import State

FAILED, INTERRUPTED = 1, 130


def index(
    feeds: FeedsArgument,
    catalog: Annotated[
        str | None, typer.Option("--catalog", metavar="FOLDER", help="The catalog's folder; needed without --check.")
    ] = None,
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
    fetch_rate: FetchRateOption = 20.0,
    shared_pictures: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Refuse a picture that so many different products have, as a placeholder; 0: never.",
        ),
    ] = 10,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Pictures may be outside the feed's folder.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file for refused rows; default: refused.csv in the catalog."),
    ] = None,
    max_refused: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="End with exit code 1 if a larger share of the rows is refused, 0 to 1.",
        ),
    ] = 1.0,
    check: Annotated[
        bool,
        typer.Option("--check", help="Read the feed and the headers of its pictures, and report; change nothing."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Index the file again whenever it changes, until Ctrl-C.")
    ] = False,
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
    pictures that cannot be used are listed, with reasons, in the file of refused rows. If no row can be used, or a
    larger share than --max-refused is refused, the exit code is 1.
    """
    from streetshop.core.errors import UsageError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.indexing.index import IndexOptions, index_feed
    from streetshop.indexing.watch import file_state
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder

    if catalog is None and not check:
        raise UsageError(
            "--catalog is missing", hint="Name the catalog's folder, or give --check to check the feed alone"
        )
    if watch and (check or rebuild or len(feeds) != 1 or not Path(feeds[0]).is_file()):
        raise UsageError(
            "--watch needs one file, and neither --check nor --rebuild",
            hint="Give a feed on this machine, or leave it out",
        )

    def opened() -> Feed:
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
        say_missing(source)
        return source

    if check or catalog is None:
        _check(opened(), allow_outside, fetch, shared_pictures, refused, max_refused, as_json)
        return
    # The state of before it is read, so that no change is missed.
    seen, source = file_state(Path(feeds[0])) if watch else None, opened()
    # One thread per model, since several pictures are processed at a time.
    model, looker = load_encoder(encoder, threads=1), load_reader(reader, threads=1)
    options = IndexOptions(
        fetcher=make_fetcher(fetch, fetch_header, fetch_rate),
        allow_outside=allow_outside,
        shared_pictures=shared_pictures,
        thumbnails=thumbnails,
        delete_missing=delete_missing,
        rebuild=rebuild,
        optimize=optimize,
        refused=refused,
        threads=threads,
    )

    def run(source: Feed) -> None:
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
        _print(report, source, catalog, as_json)
        if not report.ingest.complete:
            say(f"interrupted; finished products are kept. To resume: {shlex.join(['streetshop', *sys.argv[1:]])}")
            raise typer.Exit(INTERRUPTED)
        used = report.ingest.added + report.ingest.updated + report.ingest.unchanged
        _judge(used, report.ingest.refused, max_refused, f"the reasons are in {report.refused_file}")

    if watch:
        _watch(Path(feeds[0]), seen, source, opened, run)
    else:
        run(source)


def _watch(
    feed: Path, seen: State | None, source: Feed, opened: Callable[[], Feed], run: Callable[[Feed], None]
) -> None:
    """``--watch``: index the feed, and again whenever its file has changed. A file that cannot be read is said."""
    from streetshop.core.errors import StreetshopError
    from streetshop.indexing.watch import wait_for_change

    _indexed(lambda: run(source))
    while True:
        with InterruptGuard("no longer watching") as guard:
            say(f"watching {feed}; press Ctrl-C to end")
            seen = wait_for_change(feed, seen, guard.stop)
        if seen is None:
            return
        try:
            _indexed(lambda: run(opened()))
        except StreetshopError as error:
            say(f"error: {error} The catalog stays as it is until the file changes again.")


def _indexed(run: Callable[[], None]) -> None:
    """Run, and go on if rows were refused."""
    try:
        run()
    except typer.Exit as end:
        if end.exit_code != FAILED:
            raise


def _judge(used: int, refused: int, most: float, where: str) -> None:
    """End with exit code 1 if nothing can be used, or too much is refused."""
    rows = used + refused
    if not used:
        say(f"no row can be used; {where}")
        raise typer.Exit(FAILED)
    if refused > most * rows:
        say(f"{refused} of {rows} rows are refused, more than --max-refused {most:g} allows; {where}")
        raise typer.Exit(FAILED)


def _check(
    source: Feed,
    allow_outside: bool,
    fetch: bool,
    least_shared: int,
    refused: Path | None,
    max_refused: float,
    as_json: bool,
) -> None:
    """``--check``: report what indexing would use and refuse."""
    from contextlib import ExitStack

    from streetshop.core.progress import ProgressDisplay
    from streetshop.feeds.refused import RefusedFile
    from streetshop.indexing.check import CheckReport, check_feed
    from streetshop.indexing.pictures import Pictures
    from streetshop.indexing.placeholders import shared_pictures

    with ExitStack() as stack:
        file = stack.enter_context(RefusedFile(refused)) if refused else None
        display = stack.enter_context(ProgressDisplay("rows"))
        guard = stack.enter_context(InterruptGuard())

        def show(now: CheckReport) -> None:
            display.show(f"checking {source.kind}", now.rows, source.rows, f"{now.refused} rows refused")

        report = check_feed(
            source,
            Pictures(
                source.root,
                allow_outside,
                shared=shared_pictures(source, least_shared) if least_shared else {},
                base=source.base,
            ),
            fetch=fetch,
            refuse=file.refuse if file else lambda refusal: None,
            progress=show,
            stop=guard.stop,
        )
    if as_json:
        print_json(
            {
                "rows": report.rows,
                "usable": report.usable,
                "refused": report.refused,
                "refused_pictures": report.refused_pictures,
                "addresses": report.addresses,
                "refused_file": str(refused) if refused else None,
                "complete": report.complete,
                "notes": list(source.notes),
                **report_json(source, report.feed),
            }
        )
    else:
        echo(
            f"{source.path}: {source.kind}; {report.usable} products can be indexed, {report.refused} rows are refused"
        )
        for line in report_lines(source, report.feed):
            echo(line)
        if report.refused_pictures:
            echo(f"{report.refused_pictures} pictures are refused")
        if report.addresses:
            echo(f"{report.addresses} pictures are at addresses; whether they can be fetched was not tried")
    for note in source.notes:
        say(note)
    if not report.complete:
        say("interrupted")
        raise typer.Exit(INTERRUPTED)
    _judge(report.usable, report.refused, max_refused, "see the reasons above, or all of them with --refused FILE")


class InterruptGuard:
    """A context in which the first Ctrl-C sets ``stop``; a second one interrupts at once, as usual.

    Args:
        text: what the first one says.
    """

    def __init__(
        self, text: str = "stopping after the products in progress. Press Ctrl-C again to stop at once."
    ) -> None:
        self.stop = threading.Event()
        self._text = text

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
        say(self._text)


def _print(report: IndexReport, source: Feed, catalog: str, as_json: bool) -> None:
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
                **report_json(source, report.feed),
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
    for line in report_lines(source, report.feed):
        say(line)
    for note in done.notes:
        say(note)
    if report.refused_lines:
        say(f"refused rows and pictures: {report.refused_file}")
