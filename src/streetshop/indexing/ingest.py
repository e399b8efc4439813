"""A feed into a catalog: resumable, idempotent, and interruptible at any moment.

Content decides what is done. A product whose fields and pictures hash to what the catalog knows is left alone; where
only fields changed, vectors and thumbnails are kept; only new pictures are decoded and embedded. So running again
continues where the last run ended, however that was.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from streetshop.catalog.store import Entry, Store
from streetshop.core.errors import FeedError, RecordError
from streetshop.core.records import check_product_id
from streetshop.feeds.read import Feed, FeedRow
from streetshop.feeds.refused import Refusal
from streetshop.indexing.batch import BatchResult, BatchWorker
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import ShotReader, thumbnail
from streetshop.models.session import available_cores

__all__ = ["IngestProgress", "IngestReport", "ingest", "thumbnail"]

COMMIT_PRODUCTS: Final = 256
COMMIT_SECONDS: Final = 5.0
"""Products are written when so many are ready, or the oldest has waited so long; nothing older can be lost."""

_BATCH: Final = 32
_FETCHING_THREADS: Final = 8
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far it has come.

    Attributes:
        rows: dealt with, of ``total``.
        embedded: pictures that went through the network.
        written: products that were added or updated and are safely in the catalog.
        refused: rows.
    """

    rows: int
    total: int
    embedded: int
    written: int
    refused: int


OnProgress: TypeAlias = Callable[[IngestProgress], None]


@dataclass(slots=True)
class IngestReport:
    """What a pass over a feed did, in products if not said otherwise.

    Attributes:
        updated: with changed fields, pictures, or both.
        refused: rows of which no product came; a product that the catalog has already is left as it was.
        refused_pictures: single pictures, whether or not their product has others.
        embedded: pictures that went through the network; the others were known.
        seconds: wall-clock time.
        complete: false when it was interrupted.
        notes: what a person should know.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: int = 0
    refused_pictures: int = 0
    embedded: int = 0
    seconds: float = 0.0
    complete: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def images_per_second(self) -> float:
        """Pictures embedded per second."""
        return self.embedded / self.seconds if self.seconds > 0 else 0.0


def ingest(
    feed: Feed,
    store: Store,
    shots: ShotReader,
    pictures: Pictures,
    *,
    refuse: Callable[[Refusal], None],
    progress: OnProgress = lambda progress: None,
    stop: threading.Event | None = None,
    delete_missing: bool = False,
    threads: int | None = None,
) -> IngestReport:
    """Put a feed's products into a catalog.

    Args:
        store: open for writing, of the same encoder as ``shots``.
        shots: its encoder should run with one thread: several pictures are worked on at a time instead.
        pictures: where the feed's pictures are read from.
        refuse: is given every row and picture that cannot be used.
        progress: is called now and then, always from the calling thread.
        stop: set it (from a signal handler, say) to end early: what is in hand is finished and written.
        delete_missing: after a complete pass, remove the catalog's products that the feed does not have.
        threads: that compute at once; None for one per core.

    Raises:
        FeedError: the feed breaks off; what came before is written. CatalogError: the catalog cannot be written to.
    """
    stop = stop or threading.Event()
    cores = threads or available_cores()
    worker = BatchWorker(store, shots, pictures, cores, stop)
    run = _Ingest(feed, store, worker, refuse, progress, stop)
    run.go(cores + (_FETCHING_THREADS if pictures.fetcher else 0))
    if delete_missing and run.report.complete:
        run.delete_missing()
    run.report.seconds = time.monotonic() - run.started
    return run.report


class _Ingest:
    """One pass over a feed. The calling thread reads the feed and writes to the catalog, workers do the rest."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        worker: BatchWorker,
        refuse: Callable[[Refusal], None],
        progress: OnProgress,
        stop: threading.Event,
    ) -> None:
        self.report = IngestReport()
        self.started = time.monotonic()
        self._feed = feed
        self._store = store
        self._worker = worker
        self._refuse = refuse
        self._progress = progress
        self._stop = stop
        self._rows = 0
        self._seen: set[str] = set()
        self._nameless = 0
        self._broken: FeedError | None = None
        self._ready: list[tuple[Entry, bool]] = []
        self._oldest = 0.0

    def go(self, threads: int) -> None:
        running: deque[Future[BatchResult]] = deque()
        with ThreadPoolExecutor(threads, thread_name_prefix="ingest") as pool:
            try:
                for batch in self._batches():
                    running.append(pool.submit(self._work, batch))
                    # Some more than there are workers: none of them waits while this thread writes.
                    while len(running) >= threads + 2:
                        self._take(running.popleft().result())
                while running:
                    self._take(running.popleft().result())
                self._commit()
            except BaseException:
                self._stop.set()  # the workers need not finish what cannot be written any more
                raise
        if self._broken is not None:
            raise self._broken
        self.report.complete = not self._stop.is_set()

    def _work(self, batch: Sequence[FeedRow]) -> BatchResult:
        if self._stop.is_set():
            return BatchResult()
        return self._worker.run(batch, self._store.known([row.product.id for row in batch]))

    def _batches(self) -> Iterator[list[FeedRow]]:
        products = self._products()
        while not self._stop.is_set() and (batch := list(itertools.islice(products, _BATCH))):
            yield batch

    def _products(self) -> Iterator[FeedRow]:
        """The feed's products up to its end, or to where it breaks off."""
        try:
            yield from self._accepted()
        except FeedError as error:
            self._broken = error

    def _accepted(self) -> Iterator[FeedRow]:
        for row in self._feed:
            if isinstance(row, FeedRow):
                self._seen.add(row.product.id)
                yield row
                continue
            self._refuse(row)
            self._rows += 1
            self.report.refused += 1
            try:
                self._seen.add(check_product_id(row.id))
            except RecordError:
                self._nameless += 1

    def _take(self, result: BatchResult) -> None:
        """Account for a batch, and write when enough is ready."""
        for refusal in result.refusals:
            self._refuse(refusal)
        report = self.report
        report.refused += result.refused
        report.refused_pictures += result.refused_pictures
        report.unchanged += result.unchanged
        report.embedded += result.embedded
        self._rows += result.rows
        if result.entries and not self._ready:
            self._oldest = time.monotonic()
        self._ready += result.entries
        if len(self._ready) >= COMMIT_PRODUCTS or time.monotonic() - self._oldest >= COMMIT_SECONDS:
            self._commit()
        written = report.added + report.updated
        self._progress(IngestProgress(self._rows, self._feed.rows, report.embedded, written, report.refused))

    def _commit(self) -> None:
        if not self._ready:
            return
        self._store.upsert([entry for entry, _ in self._ready])
        self.report.added += sum(new for _, new in self._ready)
        self.report.updated += sum(not new for _, new in self._ready)
        self._ready.clear()

    def delete_missing(self) -> None:
        """Remove what the feed does not have, unless the feed leaves in doubt what it has."""
        if self._nameless:
            self.report.notes.append(f"nothing was deleted: {self._nameless} rows have no readable id")
            return
        if self.report.added + self.report.updated + self.report.unchanged == 0:
            self.report.notes.append("nothing was deleted: the feed has no usable product")
            return
        missing = [product_id for product_id in self._store.ids() if product_id not in self._seen]
        for start in range(0, len(missing), _AT_ONCE):
            self.report.deleted += self._store.delete(missing[start : start + _AT_ONCE])
