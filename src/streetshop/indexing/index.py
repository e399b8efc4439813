"""Index a feed: open or create the catalog, ingest the feed, optimize the catalog."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from streetshop.catalog.open import create_catalog, local_path, open_catalog
from streetshop.catalog.sources import kind_sources
from streetshop.catalog.store import CatalogMeta, Progress, Store, check_encoder
from streetshop.core.decoding.pool import DecodePool
from streetshop.core.errors import CatalogExists, CatalogMissing, FeedError
from streetshop.core.pictures.limits import FEED_LIMITS
from streetshop.feeds.read import Feed
from streetshop.feeds.refused import Refusal, RefusedFile
from streetshop.feeds.report import FeedReport
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.fetched import Fetched
from streetshop.indexing.ingest import IngestReport, OnProgress, ingest
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.placeholders import SHARED, shared_pictures
from streetshop.indexing.shots import ShotReader
from streetshop.looks import NO_READER, Reader, WholePhotoReader
from streetshop.models import Encoder
from streetshop.models.session import thread_count

_LARGE: Final = 10_000
"""Shots from which a search without the approximate index is noticeably slower."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Options of indexing.

    Attributes:
        fetcher: for pictures on the internet; None refuses them.
        allow_outside: pictures may be outside the folder of the feed.
        thumbnails: keep a small JPEG of every picture for pages and sheets.
        delete_missing: after a complete pass, remove products that the feed does not have.
        rebuild: embed all pictures again, beside the present generation, then swap: for another encoder or reader.
            Products that the feed does not have are then gone.
        optimize: optimize the catalog at the end.
        shared_pictures: refuse a picture that so many different products have; 0 for never.
        same_addresses: an address always has the same picture: one that the catalog has is not fetched again.
        refused: file for the refused rows and pictures; None for ``refused.csv`` in the folder of the catalog.
        threads: that compute at once; None for one per core.
    """

    fetcher: Fetcher | None = None
    allow_outside: bool = False
    thumbnails: bool = True
    delete_missing: bool = False
    rebuild: bool = False
    optimize: bool = True
    shared_pictures: int = SHARED
    same_addresses: bool = False
    refused: Path | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The result of indexing.

    Attributes:
        ingest: the numbers of the pass.
        products: number of products in the catalog.
        kinds: how many of them have a kind by each source, see ``kind_sources``.
        refused_file: the CSV file of refused rows and pictures.
        refused_lines: number of its rows.
        feed: what the products have, and why rows and pictures were refused.
    """

    ingest: IngestReport
    products: int
    kinds: Mapping[str, int]
    refused_file: Path
    refused_lines: int
    feed: FeedReport


def index_feed(
    feed: Feed,
    url: str,
    encoder: Encoder,
    reader: Reader = WholePhotoReader(),
    options: IndexOptions | None = None,
    *,
    refuse: Callable[[Refusal], None] = lambda refusal: None,
    progress: OnProgress = lambda progress: None,
    optimizing: Progress | None = None,
    stop: threading.Event | None = None,
) -> IndexReport:
    """Index ``feed`` into the catalog at ``url``, which is created if there is none.

    Args:
        feed: the products.
        url: address of the catalog.
        encoder: should run with one thread, since several pictures are processed at a time.
        reader: the same holds for it.
        options: None for the defaults.
        refuse: called with every refusal, which the file of refused rows gets too.
        progress: see ``ingest``.
        optimizing: progress of ``Store.optimize``.
        stop: see ``ingest``.

    Raises:
        CatalogEncoderMismatch: the catalog is of another encoder, and this is no rebuild.
        CatalogError: the catalog cannot be written to.
        FeedError: the feed ends early, or a rebuild would leave an empty catalog.
    """
    options = options or IndexOptions()
    looker = reader.name or NO_READER
    meta = CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks, reader=looker)
    with ExitStack() as stack:
        # Opened first: if that fails, no catalog is created.
        refused = stack.enter_context(RefusedFile(options.refused)) if options.refused else None
        store = open_or_create(url, meta)
        stack.callback(store.close)
        if not options.rebuild:
            check_encoder(store.meta, encoder.fingerprint, store.url)
        if refused is None:
            refused = stack.enter_context(RefusedFile(local_path(url) / "refused.csv"))
        target = store.begin_rebuild(meta) if options.rebuild else store
        pool = stack.enter_context(DecodePool(thread_count(options.threads)))
        if options.fetcher is not None and options.fetcher.fetched is None:
            options.fetcher.fetched = stack.enter_context(Fetched(local_path(url) / "fetched.sqlite"))
        shared = shared_pictures(feed, options.shared_pictures) if options.shared_pictures else {}
        understood, lines = FeedReport(), refused

        def refused_too(refusal: Refusal) -> None:
            lines.refuse(refusal)
            understood.refuse(refusal)
            refuse(refusal)

        report = ingest(
            feed,
            target,
            ShotReader(encoder, reader, options.thumbnails, partial(pool.decode, limits=FEED_LIMITS)),
            Pictures(feed.root, options.allow_outside, options.fetcher, shared=shared, base=feed.base),
            refuse=refused_too,
            see=understood.see,
            progress=progress,
            stop=stop,
            # A resumed rebuild may hold products that the feed no longer has.
            delete_missing=options.delete_missing or options.rebuild,
            same_addresses=options.same_addresses,
            threads=options.threads,
        )
        if report.complete and options.optimize and _is_worth_it(target, report):
            target.optimize(optimizing)
        if target.meta.reader not in ("", looker):
            report.notes.append(
                f"the catalog was created with the reader {target.meta.reader}, this run used {looker}: unchanged "
                "pictures keep the garments that the first found; --rebuild reads all of them again"
            )
        if report.complete and options.rebuild:
            _commit_rebuild(store, target, feed)
        report.notes.extend(feed.notes)
        return IndexReport(report, store.count(), kind_sources(store), refused.path, refused.rows, understood)


def _is_worth_it(store: Store, report: IngestReport) -> bool:
    """Whether to optimize: something changed, or an interrupted run left a large catalog without its index."""
    if report.added or report.updated or report.deleted:
        return True
    info = store.info()
    return info.indexed < info.shots >= _LARGE


def open_or_create(url: str, meta: CatalogMeta) -> Store:
    """Open a catalog for writing; create it if there is none. Raises CatalogError."""
    try:
        return open_catalog(url, write=True)
    except CatalogMissing:
        try:
            return create_catalog(url, meta)
        except CatalogExists as error:
            try:
                return open_catalog(url, write=True)  # another process created it meanwhile
            except CatalogMissing:
                raise error from None


def _commit_rebuild(store: Store, target: Store, feed: Feed) -> None:
    if target.count() == 0:
        raise FeedError(
            "no product of the feed can be used; the catalog stays as it was",
            where=str(feed.path),
            hint="See --refused",
        )
    store.commit_rebuild()
