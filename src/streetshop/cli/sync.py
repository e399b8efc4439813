"""``streetshop sync``: keep a catalog in step with a shop system."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli import shops
from streetshop.cli.feed_options import FeedKindsOption, left_out_line
from streetshop.cli.index import FAILED, INTERRUPTED, InterruptGuard
from streetshop.cli.options import (
    CatalogOption,
    EncoderOption,
    JsonOption,
    ReaderOption,
    ThreadsOption,
    echo,
    print_json,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from streetshop.feeds.shops.product import Shop
    from streetshop.indexing.sync import SyncReport

app = typer.Typer(
    help="Keep a catalog in step with a shop system: first all products, then what changed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FullOption = Annotated[
    bool, typer.Option("--full", help="Read all products again, not only those changed since the last run.")
]
MaxDeletedOption = Annotated[
    float,
    typer.Option(metavar="SHARE", min=0.0, max=1.0, help="Delete nothing if a larger share of the products is gone."),
]
RefusedOption = Annotated[
    Path | None,
    typer.Option("--refused", metavar="FILE", help="CSV file for refused rows; default: refused.csv in the catalog."),
]
OptimizeOption = Annotated[bool, typer.Option(help="Refresh the search index at the end.")]


@app.command()
def shopify(
    shop: Annotated[str, typer.Argument(metavar="SHOP", help="The shop, such as mine.myshopify.com.")],
    catalog: CatalogOption,
    api_version: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Version of the GraphQL Admin API.")
    ] = None,
    full: FullOption = False,
    max_deleted: MaxDeletedOption = 0.5,
    kinds: FeedKindsOption = None,
    refused: RefusedOption = None,
    optimize: OptimizeOption = True,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the products of a Shopify shop.

    The access token of a custom app with the scope read_products is read from STREETSHOP_SHOPIFY_TOKEN, or from the
    file that STREETSHOP_SHOPIFY_TOKEN_FILE names.
    """
    with InterruptGuard() as guard:
        opened = shops.shopify(shop, api_version, guard.stop)
        _sync(*(opened, catalog, guard, full, max_deleted, kinds, refused, optimize, encoder, reader, threads, as_json))


@app.command()
def woocommerce(
    shop: Annotated[str, typer.Argument(metavar="ADDRESS", help="The shop, such as https://shop.example.")],
    catalog: CatalogOption,
    full: FullOption = False,
    max_deleted: MaxDeletedOption = 0.5,
    kinds: FeedKindsOption = None,
    refused: RefusedOption = None,
    optimize: OptimizeOption = True,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the products of a WooCommerce shop.

    A REST key that may read is taken from STREETSHOP_WOOCOMMERCE_KEY as KEY:SECRET, or from the file that
    STREETSHOP_WOOCOMMERCE_KEY_FILE names.
    """
    with InterruptGuard() as guard:
        opened = shops.woocommerce(shop, guard.stop)
        _sync(*(opened, catalog, guard, full, max_deleted, kinds, refused, optimize, encoder, reader, threads, as_json))


def _sync(
    shop: Shop,
    catalog: str,
    guard: InterruptGuard,
    full: bool,
    max_deleted: float,
    kinds: Path | None,
    refused: Path | None,
    optimize: bool,
    encoder: Path | None,
    reader: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    from contextlib import ExitStack

    from streetshop.catalog.open import local_path
    from streetshop.catalog.store import CatalogMeta, check_encoder
    from streetshop.core.errors import SyncError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.feeds.kinds import Taxonomy
    from streetshop.feeds.mapping import read_mapping
    from streetshop.feeds.read import Feed
    from streetshop.feeds.refused import Refusal
    from streetshop.indexing.fetch import Fetcher
    from streetshop.indexing.index import IndexOptions, index_feed, open_or_create
    from streetshop.indexing.ingest import IngestProgress, IngestReport
    from streetshop.indexing.sync import ShopSync
    from streetshop.indexing.sync_state import SyncState
    from streetshop.looks import NO_READER, load_reader
    from streetshop.models import load_encoder

    mapping = Taxonomy(read_mapping(kinds)) if kinds else None
    model, looker = load_encoder(encoder, threads=1), load_reader(reader, threads=1)
    with ExitStack() as stack:
        stack.callback(shop.close)
        meta = CatalogMeta(model.name, model.fingerprint, model.blocks, reader=looker.name or NO_READER)
        store = open_or_create(catalog, meta)
        stack.callback(store.close)
        check_encoder(store.meta, model.fingerprint, store.url)
        fetcher = Fetcher()
        stack.callback(fetcher.close)
        options = IndexOptions(
            fetcher=fetcher, same_addresses=True, refused=refused, optimize=optimize, threads=threads
        )
        display = stack.enter_context(ProgressDisplay("products"))

        def show(now: IngestProgress) -> None:
            display.show("indexing the shop", now.rows, now.total, f"{now.embedded} pictures embedded")

        def index(feed: Feed, refuse: Callable[[Refusal], None]) -> IngestReport:
            return index_feed(
                feed, catalog, model, looker, options, refuse=refuse, progress=show, stop=guard.stop
            ).ingest

        sync = ShopSync(
            shop,
            store,
            SyncState(local_path(catalog), shop.name),
            index,
            kinds=mapping,
            progress=lambda what, done: display.show(what, done, None),
            stop=guard.stop,
        )
        try:
            report = sync.run(full=full, max_deleted=max_deleted)
        except SyncError:
            if not guard.stop.is_set():
                raise
            _interrupted()
        products = store.count()
    _print(report, shop, catalog, products, as_json)
    if not report.complete:
        _interrupted()
    nothing = report.refused and not (report.added or report.updated or report.unchanged)
    if nothing or any(note.startswith("nothing was deleted") for note in report.notes):
        raise typer.Exit(FAILED)


def _interrupted() -> None:
    say(f"interrupted; finished products are kept. To resume: {shlex.join(['streetshop', *sys.argv[1:]])}")
    raise typer.Exit(INTERRUPTED)


def _print(report: SyncReport, shop: Shop, catalog: str, products: int, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "shop": shop.name,
                "catalog": catalog,
                "read": report.read,
                "added": report.added,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "deleted": report.deleted,
                "refused": report.refused,
                "embedded": report.embedded,
                "again": report.again,
                "left_out": dict(report.left_out),
                "products": products,
                "since": report.since,
                "complete": report.complete,
                "notes": report.notes,
            }
        )
    else:
        echo(f"{shop.name}: {report.read} products read")
        echo(
            f"{catalog}: {products} products; {report.added} added, {report.updated} updated, "
            f"{report.unchanged} unchanged, {report.deleted} deleted, {report.refused} refused"
        )
        if report.left_out:
            echo(left_out_line(report.left_out))
        if report.since:
            echo(f"the next run reads what changed since {report.since}")
    if report.again:
        say(f"{report.again} products have refused pictures, see refused.csv; the next run reads them again")
    for note in report.notes:
        say(note)
