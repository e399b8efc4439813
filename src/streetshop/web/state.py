"""State of a running server: the models, the catalog being served, the queue and the metrics."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from starlette.requests import Request

from streetshop.catalog.looks import StoredLooks
from streetshop.catalog.sources import kind_sources
from streetshop.catalog.store import CatalogMeta, Store, check_encoder
from streetshop.core.errors import CatalogError, ProductMissing, StreetshopError
from streetshop.core.records import FieldType, Product
from streetshop.indexing.fetch import Fetcher
from streetshop.looks import Reader
from streetshop.models import Encoder
from streetshop.search import Searcher
from streetshop.web.limits import UploadMemory
from streetshop.web.metrics import Metrics
from streetshop.web.problems import NotReady, told
from streetshop.web.queue import WorkQueue
from streetshop.web.security import ApiKey
from streetshop.web.settings import Settings
from streetshop.web.webhooks import ShopHooks

T = TypeVar("T")

_log = logging.getLogger("streetshop.web")

WATCH_SECONDS: Final = 2.0
"""Interval at which the server checks the catalog."""

_FACETS: Final = 24
_FACET_VALUES: Final = 60
_NOT_FACETS: Final = frozenset({"id", "title", "url"})
_FACTS_SECONDS: Final = 30.0
_SAMPLES: Final = 18
_SAMPLED_FROM: Final = 360


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A field that a filter may name, with its common values or its bounds."""

    name: str
    type: FieldType
    values: tuple[tuple[str, int], ...] = ()
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """Figures, filterable fields, sources of kinds and sample products of one generation of the catalog.

    ``looks`` is the number of products with a stored look.
    """

    meta: CatalogMeta
    made: float
    products: int
    shots: int
    indexed: int
    recall: float | None
    fields: tuple[FieldFacts, ...]
    kinds: Mapping[str, int]
    looks: int
    samples: tuple[Product, ...]


class Catalog:
    """The catalog being served. It is checked at intervals: a rebuild may bring vectors of another encoder.

    Args:
        open_store: opens the catalog; called again if the open one fails.
        encoder: the encoder of the catalog's vectors.
        reader: finds the garments of a photo.
    """

    def __init__(self, open_store: Callable[[], Store], encoder: Encoder, reader: Reader) -> None:
        self._open = open_store
        self._encoder = encoder
        self._reader = reader
        self._watching = threading.Lock()
        self._looking = threading.Lock()
        self._store: Store | None = None
        self._retired: Store | None = None
        self._searcher: Searcher | None = None
        self._facts: CatalogFacts | None = None
        self._why_not = "the catalog has not been opened yet"
        self._size = (0, 0)
        self._damage = ""
        self.refresh()

    @property
    def size(self) -> tuple[int, int]:
        """Number of products and of the generation, as of the last check; zeros before there was one."""
        return self._size

    @property
    def damage(self) -> str:
        """Damage in spite of which searches are answered, as of the last check; empty if none is known."""
        return self._damage

    @property
    def why_not_ready(self) -> str | None:
        """Why searches cannot be answered; None if they can."""
        return None if self._searcher else self._why_not

    def searcher(self) -> Searcher:
        """The searcher of the catalog. Raises NotReady."""
        searcher = self._searcher
        if searcher is None or searcher.store.meta.fingerprint != self._encoder.fingerprint:
            raise NotReady(self._why_not, hint="Ask /readyz again in a moment")
        return searcher

    def store(self) -> Store:
        """The open catalog, of this server's encoder. Raises NotReady."""
        return self.searcher().store

    def read(self, work: Callable[[Searcher], T]) -> T:
        """Run ``work`` on the catalog and return its result.

        Raises:
            NotReady: searches cannot be answered, or a rebuild brought another encoder during ``work``, so that its
                result is meaningless.
        """
        found = work(self.searcher())
        self.searcher()
        return found

    def refresh(self) -> None:
        """Check that the catalog can be read and is of this encoder; reopen it if not."""
        with self._watching:
            try:
                store = self._probed()
                check_encoder(store.meta, self._encoder.fingerprint, store.url)
                damage = "; ".join(finding.what for finding in store.health())
                if damage != self._damage:
                    _log.warning("the catalog is %s", (damage and f"damaged: {damage}") or "sound again")
                self._damage = damage
            except StreetshopError as error:
                why = told(error)[0]
                if self._searcher is not None or why != self._why_not:
                    _log.warning("not ready: %s", error)
                self._why_not, self._searcher = why, None
                return
            if self._searcher is None or self._searcher.store is not store:
                self._searcher = Searcher(store, self._encoder, self._reader)
                _log.info("serving generation %d of %s", store.meta.generation, store.url)

    def _probed(self) -> Store:
        if self._store is not None:
            try:
                self._size = (self._store.count(), self._store.meta.generation)
                return self._store
            except StreetshopError:
                # A search may still use it: it is closed when the next store is retired.
                self._retired, retired = self._store, self._retired
                self._store = None
                if retired is not None:
                    retired.close()
        store = self._open()
        self._size = (store.count(), store.meta.generation)
        with suppress(ProductMissing):
            store.thumbnail("")  # the first read of rows loads LanceDB: seconds that no request should wait for
        self._store = store
        return store

    def facts(self) -> CatalogFacts:
        """Figures and fields, at most 30 s old. Blocking: call it off the event loop."""
        with self._looking:
            store, facts = self.store(), self._facts
            if facts is None or facts.meta != store.meta or time.monotonic() - facts.made > _FACTS_SECONDS:
                facts = self._facts = _look_at(store)
            return facts

    def forget_facts(self) -> None:
        """Forget the figures: the catalog was written to."""
        self._facts = None

    def close(self) -> None:
        """Close the stores that were opened."""
        for store in (self._retired, self._store):
            if store is not None:
                store.close()


def _look_at(store: Store) -> CatalogFacts:
    info = store.info()
    fields: list[FieldFacts] = []
    for name, kind in store.fields().items():
        if name in _NOT_FACETS or len(fields) >= _FACETS:
            continue
        values = tuple(store.values(name, _FACET_VALUES)) if kind == "text" else ()
        bounds = store.bounds(name) if kind == "number" else None
        fields.append(FieldFacts(name, kind, values, bounds))
    return CatalogFacts(
        meta=store.meta,
        made=time.monotonic(),
        products=info.products,
        shots=info.shots,
        indexed=info.indexed,
        recall=info.recall,
        fields=tuple(fields),
        kinds=kind_sources(store),
        looks=_stored_looks(store),
        samples=tuple(_samples(store)) if info.products else (),
    )


def _stored_looks(store: Store) -> int:
    """Looks that cannot be read are none here; a request for one is answered with the reason."""
    try:
        return StoredLooks.beside(store.url).count()
    except CatalogError as error:
        _log.warning("%s", error)
        return 0


def _samples(store: Store) -> list[Product]:
    """Products spread over the catalog: every n-th of those nearest to a fixed random direction."""
    direction = np.random.default_rng(0).normal(size=store.meta.dim).astype(np.float32)
    ids = list(dict.fromkeys(hit.product_id for hit in store.search(direction, _SAMPLED_FROM)))
    chosen = ids[:: max(len(ids) // _SAMPLES, 1)][:_SAMPLES]
    return [product for product in store.get(chosen) if product is not None]


@dataclass(slots=True)
class State:
    """Everything the routes need; ``app.state.streetshop``."""

    settings: Settings
    encoder: Encoder
    reader: Reader
    catalog: Catalog
    queue: WorkQueue
    metrics: Metrics
    memory: UploadMemory
    key: ApiKey | None
    fetcher: Fetcher | None = None
    """Fetches pictures at addresses; None refuses them."""
    bulk: int = 0
    """Bulk requests under way."""
    hooks: Mapping[str, ShopHooks] = field(default_factory=dict)
    """The shops that the catalog is kept in step with, by the kind of their system."""

    async def watch(self) -> None:
        """Check the catalog at intervals until cancelled."""
        while True:
            products, generation = self.catalog.size
            self.metrics.products.set(products)
            self.metrics.generation.set(generation)
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await asyncio.to_thread(self.catalog.refresh)
            except Exception:  # keep watching: the next check may succeed
                _log.exception("could not check the catalog")


def state_of(request: Request) -> State:
    """The server's state."""
    state: State = request.app.state.streetshop
    return state
