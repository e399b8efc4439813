"""Keep a catalog in step with a shop system: a first import, then what changed, and what is gone."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, TypeAlias

from streetshop.catalog.store import Store
from streetshop.core.errors import SyncError
from streetshop.feeds.kinds import Taxonomy
from streetshop.feeds.read import Feed, read_feed
from streetshop.feeds.refused import Refusal
from streetshop.feeds.shops.product import Shop, ShopProduct
from streetshop.indexing.ingest import IngestReport
from streetshop.indexing.sync_state import ShopState, SyncState

Index: TypeAlias = Callable[[Feed, Callable[[Refusal], None]], IngestReport]
"""Puts a feed into the catalog, and calls back with every refusal."""
OnProgress: TypeAlias = Callable[[str, int], None]
"""Called with what is being done, and the number of products done."""

OVERLAP: Final = timedelta(minutes=10)
"""Changes are read again for so long before the last one, since clocks differ and writes take time."""
MAX_DELETED: Final = 0.5
"""A larger share of the known products is not deleted at once, unless it is asked for."""
_FEW: Final = 20
_AT_ONCE: Final = 500
_TOLD_EVERY: Final = 25


@dataclass(slots=True)
class SyncReport:
    """The result of a synchronisation.

    Attributes:
        read: products that the shop gave.
        added, updated, unchanged: entries of the catalog, one for each variant.
        deleted: entries whose products or variants the shop does not sell any more.
        refused: variants without a usable picture, or that cannot be read.
        again: products with a refused variant or picture; they are read again next time.
        left_out: products that are not for sale, by reason.
        complete: False if it was interrupted.
        since: where the next synchronisation begins.
        notes: messages for the user.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: int = 0
    embedded: int = 0
    again: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    since: str = ""
    notes: list[str] = field(default_factory=list)


class ShopSync:
    """Synchronises one shop with one catalog.

    Args:
        shop: is read.
        store: the catalog, open for writing.
        state: what is known of the shop.
        index: puts rows into the catalog.
        kinds: the shop's own kinds of its categories.
        progress: called now and then.
        stop: set it to end early; what is written stays, and the next run reads the rest.
    """

    def __init__(
        self,
        shop: Shop,
        store: Store,
        state: SyncState,
        index: Index,
        *,
        kinds: Taxonomy | None = None,
        progress: OnProgress = lambda what, done: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._shop = shop
        self._store = store
        self._state = state
        self._index = index
        self._kinds = kinds or Taxonomy()
        self._progress = progress
        self._stop = stop or threading.Event()

    def run(self, *, full: bool = False, max_deleted: float = MAX_DELETED) -> SyncReport:
        """Read what changed since the last run, or everything the first time; delete what the shop does not have.

        Args:
            full: read all products again.
            max_deleted: share of the known products that may be deleted at once.

        Raises:
            SyncError: the shop does not answer as it should; what was written stays.
            CatalogError: the catalog cannot be written to.
        """
        before, due = self._state.read(), self._state.due()
        since = "" if full else before.since
        began = datetime.now(UTC)
        report = SyncReport()
        known = self._state.products()
        with _Spool() as spool:
            self._read(self._shop.changed(_earlier(since) if since else None), spool, report)
            listed = set(self._shop.ids())
            lost = self._lost_entries()
            wanted = ((listed - set(known)) | set(due) | lost) & listed
            self._read(self._shop.by_ids(sorted(wanted - set(spool.products))), spool, report)
            gone = (set(known) | lost) - listed
            if problem := _suspicious(len(gone), len(known), len(listed), max_deleted):
                report.notes.append(problem)
                gone = set()
            languages = self._apply(spool, gone, report, before.languages if since else ())
            if report.complete:
                self._state.done(due)
                moments = [each.updated for each in spool.products.values()]
                # A shop without a change has no newer moment; its clock may be behind this one.
                latest = max([since, *moments]) if since or moments else _text(began - OVERLAP)
                report.since = latest
                self._state.finish(ShopState(latest, languages))
        return report

    def run_due(self) -> SyncReport:
        """Read the products that are due, as webhooks say, and nothing else. Raises as :meth:`run`."""
        before, due = self._state.read(), self._state.due()
        report = SyncReport(since=before.since)
        with _Spool() as spool:
            self._read(self._shop.by_ids(sorted(due)), spool, report)
            self._apply(spool, set(due) - set(spool.products), report, before.languages)
        if report.complete:
            self._state.done(due)
        return report

    def _read(self, products: Iterable[ShopProduct], spool: _Spool, report: SyncReport) -> None:
        for product in products:
            if self._stop.is_set():
                raise SyncError("interrupted while the shop was read", where=self._shop.name, hint="Run again")
            report.read += 1
            spool.add(product)
            if report.read % _TOLD_EVERY == 0:
                self._progress("reading the shop", report.read)

    def _lost_entries(self) -> set[str]:
        """Products with an entry that should be in the catalog and is not: they are read again."""
        entries = self._state.entries()
        there = self._store.known([*entries])
        return {product for each, product in entries.items() if each not in there}

    def _apply(self, spool: _Spool, gone: set[str], report: SyncReport, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Write what was read and delete what is gone; returns the languages of the shop's words."""
        self._state.expect(spool.entries)
        troubled: set[str] = set()

        def refuse(refusal: Refusal) -> None:
            if refusal.id in spool.entries:
                troubled.add(spool.entries[refusal.id])

        if spool.entries:
            feed = self._feed(spool, languages)
            if not languages and feed.taxonomy.sure:
                languages = feed.taxonomy.spoken
            done = self._index(feed, refuse)
            report.added, report.updated, report.unchanged = done.added, done.updated, done.unchanged
            report.refused, report.embedded, report.complete = done.refused, done.embedded, done.complete
            report.notes += done.notes
        if not report.complete:
            return languages
        stored = self._store.known([*spool.entries])
        before = self._state.entries([*spool.products, *gone])
        extra = [each for each, product in before.items() if product in gone or each not in spool.entries]
        for start in range(0, len(extra), _AT_ONCE):
            report.deleted += self._store.delete(extra[start : start + _AT_ONCE])
        moments = {each: product.updated for each, product in spool.products.items()}
        self._state.record(moments, {each: spool.entries[each] for each in stored})
        self._state.forget(gone)
        self._state.add_due(troubled)
        report.again = len(troubled)
        for product in spool.products.values():
            if product.state:
                report.left_out[product.state] += 1
        return languages

    def _feed(self, spool: _Spool, languages: tuple[str, ...]) -> Feed:
        feed = read_feed(spool.close_file(), kinds=self._kinds.mapping)
        feed = replace(feed, kind=self._shop.name, notes=())
        if not languages or feed.columns is None:
            return feed
        # A few changed products do not tell the language of the shop: it was told by all.
        taxonomy = replace(feed.taxonomy, spoken=languages, sure=True)
        return replace(feed, taxonomy=taxonomy, columns=replace(feed.columns, taxonomy=taxonomy))


class _Spool:
    """The rows that were read, in a file, since a shop may be large."""

    def __init__(self) -> None:
        self.products: dict[str, ShopProduct] = {}
        """Without their rows."""
        self.entries: dict[str, str] = {}
        """The product of each row, by the id of the row."""

    def __enter__(self) -> _Spool:
        self._folder = tempfile.TemporaryDirectory(prefix="streetshop-sync-")
        self._path = Path(self._folder.name) / "products.jsonl"
        self._file: IO[str] = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._folder.cleanup()

    def add(self, product: ShopProduct) -> None:
        if product.id in self.products:
            return  # it was changed while the shop was read: the next run reads it again
        for row in product.rows:
            self.entries[str(row["id"])] = product.id
            self._file.write(json.dumps(row, ensure_ascii=True) + "\n")
        self.products[product.id] = replace(product, rows=())

    def close_file(self) -> Path:
        self._file.close()
        return self._path


def _suspicious(gone: int, known: int, listed: int, most: float) -> str:
    """Why products that the shop does not list are not deleted; empty if they are."""
    if not gone:
        return ""
    if not listed:
        return f"nothing was deleted: the shop lists no products, and {known} are known"
    if gone > _FEW and gone > most * known:
        return (
            f"nothing was deleted: the shop does not list {gone} of {known} known products; "
            "if that is right, run again with --max-deleted 1"
        )
    return ""


def _earlier(moment: str) -> str:
    return _text(datetime.fromisoformat(moment) - OVERLAP)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
