"""One pass of a feed into a catalog: resumable, idempotent and interruptible at any moment.

Hashes decide what is done. A product whose fields and pictures have the hashes in the catalog is left as it is; if only
fields changed, vectors and thumbnails are kept; only new pictures are decoded and embedded. An interrupted pass
therefore resumes if it is run again.

If another program writes or deletes a product between the reading of its row and the write, what that program did stays
and the row is refused; the next pass sees the product as it is then.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from streetshop.catalog.store import Entry, Known, Store, check_encoder
from streetshop.core.errors import FeedError, RecordError
from streetshop.core.records import check_product_id
from streetshop.feeds.read import Feed, FeedRow
from streetshop.feeds.refused import Refusal
from streetshop.feeds.states import LeftOut
from streetshop.indexing.batch import CHANGED, BatchResult, BatchWorker, Ready
from streetshop.indexing.parallel import map_in_order
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import ShotReader
from streetshop.models.session import thread_count

COMMIT_PRODUCTS: Final = 256
COMMIT_SECONDS: Final = 5.0
"""Products are written when so many are ready or the first has waited so long; at most those are lost in a crash."""

_BATCH: Final = 32
_FETCHING_THREADS: Final = 8
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """Progress of a pass.

    Attributes:
        rows: number of rows done.
        total: number of rows of the feed.
        embedded: number of pictures that the encoder embedded.
        written: number of products that were added or updated, durably.
        refused: number of refused rows.
    """

    rows: int
    total: int
    embedded: int
    written: int
    refused: int


OnProgress: TypeAlias = Callable[[IngestProgress], None]


@dataclass(slots=True)
class IngestReport:
    """The result of a pass over a feed, in numbers of products if not stated otherwise.

    Attributes:
        added: new in the catalog.
        updated: with changed fields, pictures, or both.
        unchanged: left as they are.
        deleted: removed because the feed does not have them, or says that they are not for sale.
        left_out: rows of products that are not for sale, by reason.
        remarks: values that were not understood and that products go without, see ``Product.remarks``.
        refused: rows without a usable product; a product in the catalog stays as it is.
        refused_pictures: pictures, whether or not their product has others.
        embedded: pictures that the encoder embedded; the others were in the catalog.
        seconds: wall-clock time.
        complete: False if the pass was interrupted.
        notes: messages for the user.
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
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: int = 0
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
    see: Callable[[FeedRow | LeftOut], None] = lambda row: None,
    progress: OnProgress = lambda progress: None,
    stop: threading.Event | None = None,
    delete_missing: bool = False,
    same_addresses: bool = False,
    threads: int | None = None,
) -> IngestReport:
    """Put a feed's products into a catalog.

    Args:
        feed: the products.
        store: open for writing, of the same encoder as ``shots``.
        shots: its encoder should run with one thread, since several pictures are processed at a time.
        pictures: where the bytes of the feed's pictures come from.
        refuse: called with every row and picture that cannot be used.
        see: called with every other row, before its pictures are read.
        progress: called after every batch, in the calling thread.
        stop: set it (for example in a signal handler) to end early; the batches in progress are finished and written.
        delete_missing: after a complete pass, remove the products of the catalog that the feed does not have.
        same_addresses: an address always has the same picture: one that the catalog has is not fetched again.
        threads: that compute at once; None for one per core.

    Raises:
        FeedError: the feed ends early; the products before are written.
        CatalogError: the catalog cannot be written to.
    """
    stop = stop or threading.Event()
    cores = thread_count(threads)
    worker = BatchWorker(store, shots, pictures, threading.BoundedSemaphore(cores), stop, same_addresses=same_addresses)
    run = _Ingest(feed, store, worker, refuse, see, progress, stop)
    run.go(cores + (_FETCHING_THREADS if pictures.fetcher else 0))
    if run.report.complete:
        run.delete_left_out()
    if delete_missing and run.report.complete:
        run.delete_missing()
    run.report.seconds = time.monotonic() - run.started
    return run.report


class _Ingest:
    """One pass over a feed. The calling thread reads the feed and writes to the catalog, workers do everything else."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        worker: BatchWorker,
        refuse: Callable[[Refusal], None],
        see: Callable[[FeedRow | LeftOut], None],
        progress: OnProgress,
        stop: threading.Event,
    ) -> None:
        self.report = IngestReport()
        self.started = time.monotonic()
        self._feed = feed
        self._store = store
        self._worker = worker
        self._fingerprint = worker.shots.encoder.fingerprint
        self._refuse = refuse
        self._see = see
        self._progress = progress
        self._stop = stop
        self._rows = 0
        self._seen: set[str] = set()
        self._left_out: list[str] = []
        self._nameless = 0
        self._lost: Counter[str] = Counter()
        self._broken: FeedError | None = None
        self._ready: list[Ready] = []
        self._oldest = 0.0

    def go(self, threads: int) -> None:
        with ThreadPoolExecutor(threads, thread_name_prefix="ingest") as pool:
            try:
                # More batches than workers: no worker waits while this thread writes.
                for result in map_in_order(pool, self._work, self._batches(), window=threads + 2):
                    self._take(result)
                self._commit()
            except BaseException:
                self._stop.set()  # the workers need not finish what cannot be written
                raise
        self._note_lost()
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
        """The products of the feed up to its end, or to where it is broken."""
        try:
            yield from self._accepted()
        except FeedError as error:
            self._broken = error

    def _accepted(self) -> Iterator[FeedRow]:
        for row in self._feed:
            if isinstance(row, FeedRow):
                self._seen.add(row.product.id)
                self.report.remarks += len(row.product.remarks)
                self._see(row)
                yield row
                continue
            if isinstance(row, LeftOut):
                self._rows += 1
                self.report.left_out[row.reason] += 1
                self._see(row)
                self._left_out.append(row.id)
                continue
            self._refuse(row)
            self._rows += 1
            self.report.refused += 1
            try:
                self._seen.add(check_product_id(row.id))
            except RecordError:
                self._nameless += 1

    def _take(self, result: BatchResult) -> None:
        """Count the results of a batch, and write if enough products are ready."""
        for refusal in result.refusals:
            self._refuse(refusal)
        report = self.report
        report.refused += result.refused
        report.refused_pictures += result.refused_pictures
        report.unchanged += result.unchanged
        report.embedded += result.embedded
        self._lost.update(result.lost)
        self._rows += result.rows
        if result.ready and not self._ready:
            self._oldest = time.monotonic()
        self._ready += result.ready
        if len(self._ready) >= COMMIT_PRODUCTS or time.monotonic() - self._oldest >= COMMIT_SECONDS:
            self._commit()
        written = report.added + report.updated
        self._progress(IngestProgress(self._rows, self._feed.rows, report.embedded, written, report.refused))

    def _commit(self) -> None:
        if not self._ready:
            return
        ready = {each.entry.product.id: each for each in self._ready}
        changed: list[Ready] = []

        @cache
        def stored() -> dict[str, Known]:  # once for all, while the store is locked
            check_encoder(self._store.meta, self._fingerprint, self._store.url)
            return self._store.known([*ready])

        def write(product_id: str, before: Entry | None) -> Entry | None:
            if stored().get(product_id) == ready[product_id].before:
                return ready[product_id].entry
            changed.append(ready[product_id])
            return before

        self._store.change(ready, write)
        for each in changed:
            self._refuse(Refusal(each.row, each.entry.product.id, "", CHANGED))
            del ready[each.entry.product.id]
        self.report.refused += len(changed)
        self.report.added += sum(each.before is None for each in ready.values())
        self.report.updated += sum(each.before is not None for each in ready.values())
        self._ready.clear()

    def _note_lost(self) -> None:
        """Note fields that products lost because the feed has no column for them."""
        there = self._feed.columns.fields if self._feed.columns is not None else {}
        for name, count in self._lost.items():
            if name not in there:
                whose = f"{count} products have" if count > 1 else "1 product has"
                self.report.notes.append(
                    f"{whose} no {name} any more, since no column of the feed is used for it; if an earlier run had "
                    f"--column {name}=COLUMN, run again with it"
                )

    def delete_left_out(self) -> None:
        """Remove the products that the feed says are not for sale."""
        self._delete([product_id for product_id in self._left_out if product_id and product_id not in self._seen])

    def delete_missing(self) -> None:
        """Remove the products that the feed does not have, unless it is unclear which it has."""
        if self._nameless:
            self.report.notes.append(f"nothing was deleted: {self._nameless} rows have no readable id")
            return
        if self.report.added + self.report.updated + self.report.unchanged == 0:
            self.report.notes.append("nothing was deleted: the feed has no usable product")
            return
        self._delete([product_id for product_id in self._store.ids() if product_id not in self._seen])

    def _delete(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _AT_ONCE):
            self.report.deleted += self._store.delete(ids[start : start + _AT_ONCE])
