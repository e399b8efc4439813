"""Index a feed: make or open the catalog, put the feed into it, bring its index up to date."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import CatalogMeta, Progress, Store, check_encoder
from streetshop.core.errors import CatalogMissing, FeedError
from streetshop.feeds.read import Feed
from streetshop.feeds.refused import RefusedFile
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.ingest import IngestReport, OnProgress, ingest
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import ShotReader
from streetshop.looks import NO_READER, Reader, WholePhotoReader
from streetshop.models import Encoder

_LARGE: Final = 10_000
"""Shots from which searching without an index takes noticeably longer."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How to index.

    Attributes:
        fetcher: for pictures on the internet; None refuses them.
        allow_outside: pictures may lie outside the feed's folder.
        thumbnails: keep a small JPEG of every picture for pages and sheets.
        delete_missing: after a complete pass, remove products that the feed does not have.
        rebuild: embed everything anew beside the present generation, then put it in its place: for a catalog of another
            encoder. Products that the feed does not have are then gone.
        optimize: bring the approximate index up to date at the end.
        refused: file for what was refused; None for ``refused.csv`` in the catalog's folder.
        threads: that compute at once; None for one per core.
    """

    fetcher: Fetcher | None = None
    allow_outside: bool = False
    thumbnails: bool = True
    delete_missing: bool = False
    rebuild: bool = False
    optimize: bool = True
    refused: Path | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What indexing did: ``ingest`` counts it, ``products`` is how many the catalog has now."""

    ingest: IngestReport
    products: int
    refused_file: Path
    refused_lines: int


def index_feed(
    feed: Feed,
    url: str,
    encoder: Encoder,
    reader: Reader = WholePhotoReader(),
    options: IndexOptions | None = None,
    *,
    progress: OnProgress = lambda progress: None,
    optimizing: Progress | None = None,
    stop: threading.Event | None = None,
) -> IndexReport:
    """Index ``feed`` into the catalog at ``url``, which is made if there is none.

    Args:
        encoder: should run with one thread, as several pictures are worked on at a time.
        progress, stop: see :func:`streetshop.indexing.ingest.ingest`.
        optimizing: progress of the index at the end.

    Raises:
        CatalogEncoderMismatch: the catalog is of another encoder, and this is no rebuild. Other CatalogErrors.
        FeedError: the feed breaks off, or a rebuild would leave an empty catalog.
    """
    options = options or IndexOptions()
    looker = reader.name or NO_READER
    meta = CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks, reader=looker)
    with ExitStack() as stack:
        # Before anything is made: its folder may not exist.
        refused = stack.enter_context(RefusedFile(options.refused)) if options.refused else None
        store = _open(url, meta)
        stack.callback(store.close)
        if not options.rebuild:
            check_encoder(store.meta, encoder.fingerprint, store.url)
        if refused is None:
            refused = stack.enter_context(RefusedFile(_refused_path(url)))
        target = store.begin_rebuild(meta) if options.rebuild else store
        report = ingest(
            feed,
            target,
            ShotReader(encoder, reader, options.thumbnails),
            Pictures(feed.root, options.allow_outside, options.fetcher),
            refuse=refused.add,
            progress=progress,
            stop=stop,
            # A rebuild that goes on after an interruption may hold what the feed had then and has no longer.
            delete_missing=options.delete_missing or options.rebuild,
            threads=options.threads,
        )
        if report.complete and options.optimize and _is_worth_it(target, report):
            target.optimize(optimizing)
        if target.meta.reader not in ("", looker):
            report.notes.append(
                f"the catalog was begun with the reader {target.meta.reader}, this run used {looker}: unchanged "
                "pictures keep what the first saw in them; --rebuild reads all of them anew"
            )
        if report.complete and options.rebuild:
            _commit_rebuild(store, target, feed)
        return IndexReport(report, store.count(), refused.path, refused.rows)


def _is_worth_it(store: Store, report: IngestReport) -> bool:
    """Whether to optimize: something changed, or a run that was killed left a large catalog without its index."""
    if report.added or report.updated or report.deleted:
        return True
    info = store.info()
    return info.indexed < info.shots >= _LARGE


def _open(url: str, meta: CatalogMeta) -> Store:
    try:
        return open_catalog(url, write=True)
    except CatalogMissing:
        return create_catalog(url, meta)


def _commit_rebuild(store: Store, target: Store, feed: Feed) -> None:
    if target.count() == 0:
        raise FeedError(
            "no product of the feed can be used; the catalog stays as it was",
            where=str(feed.path),
            hint="See --refused",
        )
    store.commit_rebuild()


def _refused_path(url: str) -> Path:
    """In the catalog's folder; in the working folder for a catalog that is on a server."""
    return Path(url) / "refused.csv" if Path(url).is_dir() else Path("refused.csv")
