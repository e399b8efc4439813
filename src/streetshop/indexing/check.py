"""Check a feed without a catalog and without the models: its rows, and the pictures that lie on this machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from streetshop.core.errors import FetchRefused, PhotoError, RowRefused
from streetshop.core.pictures.decode import check_file
from streetshop.feeds.read import Feed, FeedRow
from streetshop.feeds.refused import NO_PICTURE, Refusal
from streetshop.feeds.report import FeedReport
from streetshop.feeds.states import LeftOut
from streetshop.indexing.addresses import check_url
from streetshop.indexing.parallel import map_in_order
from streetshop.indexing.pictures import Pictures
from streetshop.models.session import thread_count

_ADDRESS: Final = re.compile(r"https?:", re.IGNORECASE)
_PROGRESS_EVERY: Final = 100


@dataclass(slots=True)
class CheckReport:
    """The result of a check.

    Attributes:
        rows: that were read, refused ones included.
        usable: rows with a product and at least one picture that may be usable.
        refused: rows that cannot be used; the others are of products that are not for sale.
        refused_pictures: pictures that cannot be used.
        addresses: pictures that would be fetched; only the form of their addresses was checked.
        complete: False if the check was interrupted.
        feed: what the products have, and why rows and pictures are refused.
    """

    rows: int = 0
    usable: int = 0
    refused: int = 0
    refused_pictures: int = 0
    addresses: int = 0
    complete: bool = True
    feed: FeedReport = field(default_factory=FeedReport)


@dataclass(frozen=True, slots=True)
class _Looked:
    row: FeedRow
    refusals: Sequence[Refusal]
    addresses: int


def check_feed(
    feed: Feed,
    pictures: Pictures,
    *,
    fetch: bool = False,
    refuse: Callable[[Refusal], None] = lambda refusal: None,
    progress: Callable[[CheckReport], None] = lambda report: None,
    stop: threading.Event | None = None,
) -> CheckReport:
    """Read all rows of a feed, and the headers of the pictures that are files. Nothing is decoded, fetched or written.

    Args:
        feed: the products.
        pictures: where their files are.
        fetch: whether pictures at http(s) addresses would be fetched; otherwise they are refused.
        refuse: called with every row and picture that cannot be used.
        progress: called now and then with the report so far.
        stop: set it to end early.

    Raises:
        FeedError: the feed ends early.
    """
    report, stop = CheckReport(), stop or threading.Event()

    def said(refusal: Refusal) -> None:
        report.feed.refuse(refusal)
        refuse(refusal)

    def look(row: FeedRow | Refusal | LeftOut) -> _Looked | Refusal | LeftOut:
        return _look(row, pictures, fetch) if isinstance(row, FeedRow) else row

    threads = thread_count(None)
    with ThreadPoolExecutor(threads, thread_name_prefix="check") as pool:
        for looked in map_in_order(pool, look, feed, window=4 * threads):
            report.rows += 1
            if isinstance(looked, Refusal):
                report.refused += 1
                said(looked)
            elif isinstance(looked, LeftOut):
                report.feed.see(looked)
            else:
                _count(looked, report, said)
            if report.rows % _PROGRESS_EVERY == 0:
                progress(report)
            if stop.is_set():
                report.complete = False
                break
    return report


def _count(looked: _Looked, report: CheckReport, said: Callable[[Refusal], None]) -> None:
    row = looked.row
    report.feed.see(row)
    report.addresses += looked.addresses
    report.refused_pictures += len(looked.refusals)
    for refusal in looked.refusals:
        said(refusal)
    if len(looked.refusals) < len(row.product.shots):
        report.usable += 1
    else:
        report.refused += 1
        said(Refusal(row.number, row.product.id, "", NO_PICTURE))


def _look(row: FeedRow, pictures: Pictures, fetch: bool) -> _Looked:
    refusals, addresses = [], 0
    for shot in row.product.shots:
        try:
            pictures.check_shared(shot.source)
            if fetch and _ADDRESS.match(shot.source):
                check_url(shot.source)
                addresses += 1
            else:
                check_file(pictures.read(shot.source), pictures.limits)
        except (PhotoError, FetchRefused, RowRefused) as error:
            refusals.append(Refusal(row.number, row.product.id, shot.source, str(error)))
    return _Looked(row, refusals, addresses)
