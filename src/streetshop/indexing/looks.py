"""The looks of all products of a feed: one pass, resumable and interruptible, in parallel.

Hashes decide what is done. Pictures that were read before, by the same reader, are not read again; if the catalog
changed since, only the products of each garment are looked up again, from the stored vectors. A look that cannot be
made again, because its pictures cannot be read today, stays as long as the catalog has its pictures.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from streetshop.catalog.looks import LookRow, StoredLooks
from streetshop.core.errors import StreetshopError
from streetshop.core.records import Product
from streetshop.feeds.read import Feed, FeedRow
from streetshop.indexing.parallel import map_in_order
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import Decode
from streetshop.looks import PHOTO_SIDE
from streetshop.models.session import thread_count
from streetshop.search import Searcher, SearchRequest
from streetshop.search.pages import (
    MAX_PICTURES,
    PageAnswer,
    ReadPicture,
    match_page,
    prepare_page,
    read_picture,
    unread_picture,
    with_matches,
)
from streetshop.search.stored_looks import answer_of, is_current, is_of_pictures, look_row

COMMIT_LOOKS: Final = 64
COMMIT_SECONDS: Final = 5.0
"""Looks are stored when so many are ready or the first has waited so long."""
_BATCH: Final = 4
"""Products that a worker takes at once: the pictures that several variants share are read once."""
_FETCHING_THREADS: Final = 8

Done: TypeAlias = Literal["read", "renewed", "unchanged", "none"]


@dataclass(slots=True)
class LooksReport:
    """The result of a pass, in numbers of products if not stated otherwise.

    Attributes:
        read: looks of pictures that were read in this pass.
        renewed: looks whose products were looked up again.
        unchanged: looks that were there already.
        stored: looks beside the catalog, of which this pass made or kept as many.
        without: products that have no look, by reason.
        fallbacks: looks that are not from a full shot from the front, by reason.
        pictures: refused pictures, by reason.
        seconds: wall-clock time.
        complete: False if the pass was interrupted.
    """

    read: int = 0
    renewed: int = 0
    unchanged: int = 0
    stored: int = 0
    without: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    complete: bool = True

    @property
    def looks(self) -> int:
        """Number of looks."""
        return self.read + self.renewed + self.unchanged


@dataclass(frozen=True, slots=True, eq=False)
class ProductLook:
    """What a pass made of one product.

    Attributes:
        product_id: of the feed.
        answer: its look; None if the row of the feed cannot be used.
        row: to be stored; None for nothing.
        stored: whether the look is or will be beside the catalog.
        done: what was done.
        reason: why there is no look; empty if there is one.
    """

    product_id: str
    answer: PageAnswer | None
    row: LookRow | None
    stored: bool
    done: Done
    reason: str = ""


def make_looks(
    feed: Feed,
    searcher: Searcher,
    request: SearchRequest,
    pictures: Pictures,
    decode: Decode,
    *,
    write: Callable[[ProductLook], None] = lambda look: None,
    progress: Callable[[int, int, int], None] = lambda done, total, read: None,
    stop: threading.Event | None = None,
    threads: int | None = None,
) -> LooksReport:
    """Make the look of every product of a feed and store those whose product is in the catalog.

    Args:
        feed: the products with all their pictures.
        searcher: the catalog; its models should run with one thread, since several products are worked on at a time.
        request: how many products, which, and how the blocks count.
        pictures: where the bytes of the feed's pictures come from.
        decode: decodes them.
        write: called with every product in the order of the feed.
        progress: called with rows done, rows in all, and looks whose pictures were read.
        stop: set it to end early; what is in progress is finished and stored. The same pass resumes.
        threads: that compute at once; None for one per core.

    Raises:
        FeedError: the feed ends early; the looks before are stored.
        CatalogError: the looks cannot be stored.
    """
    stop, began = stop or threading.Event(), time.monotonic()
    cores = thread_count(threads)
    looks = StoredLooks.beside(searcher.store.url)
    worker = _Worker(searcher, request, pictures, decode, looks, threading.BoundedSemaphore(cores))
    report = LooksReport()
    rows = 0
    waiting = _Waiting(looks)

    def work(batch: Sequence[FeedRow | str]) -> list[ProductLook]:
        return [] if stop.is_set() else worker.run(batch)

    workers = cores + (_FETCHING_THREADS if pictures.fetcher else 0)
    with ThreadPoolExecutor(workers, thread_name_prefix="looks") as pool:
        try:
            for found in map_in_order(pool, work, _batches(feed, stop), window=workers + 2):
                for look in found:
                    rows += 1
                    _count(report, look)
                    write(look)
                    waiting.add(look)
                progress(rows, feed.rows, report.read)
        except BaseException:
            stop.set()
            raise
        finally:
            waiting.store()
    report.complete = not stop.is_set()
    if report.complete:
        present = set(searcher.store.ids())
        looks.put((), [id for id in looks.ids() if id not in present])
    report.seconds = time.monotonic() - began
    return report


def _batches(feed: Feed, stop: threading.Event) -> Iterator[list[FeedRow | str]]:
    """The products of a feed; of a row that cannot be used only its id."""
    rows = (row if isinstance(row, FeedRow) else row.id for row in feed)
    while not stop.is_set() and (batch := list(itertools.islice(rows, _BATCH))):
        yield batch


def _count(report: LooksReport, look: ProductLook) -> None:
    if look.done == "none":
        report.without[look.reason] += 1
    else:
        setattr(report, look.done, getattr(report, look.done) + 1)
    report.stored += look.stored
    answer = look.answer
    if answer is None:
        return
    if answer.fallback:
        report.fallbacks[answer.fallback.partition(": ")[2]] += 1
    for shot in answer.shots:
        if shot.reason:
            report.pictures[_general(shot.reason, answer)] += 1


def _general(reason: str, answer: PageAnswer) -> str:
    """A reason without the name of the picture that it speaks of."""
    for shot in answer.shots:
        reason = reason.replace(shot.name, "another")
    return reason


class _Waiting:
    """Looks that wait to be stored."""

    def __init__(self, looks: StoredLooks) -> None:
        self._looks = looks
        self._rows: list[LookRow] = []
        self._since = time.monotonic()

    def add(self, look: ProductLook) -> None:
        if look.row is not None:
            self._rows.append(look.row)
        if len(self._rows) >= COMMIT_LOOKS or time.monotonic() - self._since > COMMIT_SECONDS:
            self.store()

    def store(self) -> None:
        rows, self._rows = self._rows, []
        self._looks.put(rows)
        self._since = time.monotonic()


@dataclass(frozen=True)
class _Worker:
    """Makes looks; thread-safe.

    Attributes:
        searcher: the catalog with its models.
        request: what is asked for.
        pictures: where the bytes come from.
        decode: decodes them.
        looks: those that were stored before.
        computing: limits the threads that compute at once; further ones may wait for picture servers.
    """

    searcher: Searcher
    request: SearchRequest
    pictures: Pictures
    decode: Decode
    looks: StoredLooks
    computing: threading.Semaphore
    matched: str = field(init=False)

    def __post_init__(self) -> None:
        store, asked = self.searcher.store, self.request
        parts: list[Any] = [store.meta.generation, store.info().extra.get("version"), asked.k, repr(asked.where)]
        parts += [sorted(asked.weights.items()), asked.min_score, asked.diverse]
        object.__setattr__(self, "matched", hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest())

    def run(self, batch: Sequence[FeedRow | str]) -> list[ProductLook]:
        """The looks of some products; pictures that several of them have are read once."""
        read: dict[str, ReadPicture] = {}
        done = []
        for row in batch:
            if isinstance(row, str):
                done.append(ProductLook(row, None, None, False, "none", "the row of the feed cannot be used"))
            else:
                done.append(self._one(row.product, read))
        return done

    def _one(self, product: Product, read: dict[str, ReadPicture]) -> ProductLook:
        files = [self._file(shot.source) for shot in product.shots[:MAX_PICTURES]]
        hashes = [hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else "" for _, data in files]
        (stored,) = self.searcher.store.get([product.id])
        with self.computing:
            kept = self._kept(stored, hashes)
            if kept is not None:
                return kept
            pictures = [self._picture(*file, digest, read) for file, digest in zip(files, hashes, strict=True)]
            page = prepare_page(self.searcher.store, pictures, product.id)
            vectors = self.searcher.encoder.encode(page.prepared, side="shop")
            answer = match_page(self.searcher, page, vectors, self.request)
        if answer.chosen is None:
            unread = all(not shot.sha256 or shot.width == 0 for shot in answer.shots)
            reason = "no picture can be read" if unread else "no picture shows anything to wear"
            return ProductLook(product.id, answer, None, False, "none", reason)
        row = None
        if stored is not None and answer.shots[answer.chosen].sha256 in {shot.sha256 for shot in stored.shots}:
            searcher = self.searcher
            row = look_row(answer, stored, searcher.encoder.fingerprint, searcher.reader.name, self.matched)
        return ProductLook(product.id, answer, row, row is not None, "read")

    def _kept(self, product: Product | None, hashes: Sequence[str]) -> ProductLook | None:
        """The stored look of a product with the same pictures; None if there is none."""
        if product is None:
            return None
        row = self.looks.get(product.id)
        fingerprint, reader = self.searcher.encoder.fingerprint, self.searcher.reader.name
        if row is None or not is_current(row, product, fingerprint) or not is_of_pictures(row, hashes, reader):
            return None
        answer = answer_of(row, product, self.searcher.store)
        if row.matched == self.matched:
            return ProductLook(product.id, answer, None, True, "unchanged")
        answer = with_matches(self.searcher, answer, self.request)
        return ProductLook(
            product.id, answer, look_row(answer, product, fingerprint, reader, self.matched), True, "renewed"
        )

    def _file(self, source: str) -> tuple[str, bytes | StreetshopError]:
        try:
            return source, self.pictures.read(source)
        except StreetshopError as error:
            return source, error

    def _picture(
        self, source: str, data: bytes | StreetshopError, digest: str, read: dict[str, ReadPicture]
    ) -> ReadPicture:
        if isinstance(data, StreetshopError):
            return unread_picture(source, data.what)
        if digest not in read:
            try:
                photo = self.decode(data, at_least=PHOTO_SIDE, where=source)
                read[digest] = read_picture(self.searcher, photo, source)
            except StreetshopError as error:
                read[digest] = unread_picture(source, error.what, digest)
        return read[digest].named(source)
