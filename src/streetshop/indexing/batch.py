"""One batch of a feed's rows to the entries of a catalog: the part of indexing that runs in parallel."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from streetshop.catalog.store import Entry, Known, Store, row_hash
from streetshop.core.errors import FetchRefused, PhotoError, RowRefused
from streetshop.core.records import Product, Shot, Vector
from streetshop.feeds.read import FeedRow
from streetshop.feeds.refused import Refusal
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import PreparedShot, ShotReader

PICTURES_AT_ONCE: Final = 8
"""Pictures that go through the network together; as many are held decoded per worker.

On processors 32 are no faster, but take a gigabyte more of working memory (EfficientNet-Lite0 on two threads).
"""


@dataclass(slots=True)
class BatchResult:
    """What became of a batch.

    Attributes:
        entries: to be written, each with whether it is new.
        rows: that were dealt with; all of the batch unless the work was stopped.
        refused: products none of whose pictures can be used.
        refused_pictures: single pictures that cannot be used.
        embedded: pictures that went through the network.
    """

    entries: list[tuple[Entry, bool]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    rows: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_pictures: int = 0
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class _Slot:
    """A shot on its way: its vector comes from the network under the key ``embed``, or, if None, from the catalog."""

    shot: Shot
    embed: tuple[str, str] | None


class BatchWorker:
    """Does the work of a batch; safe from several threads.

    Args:
        store: only read from.
        cores: how many threads may compute at once; more than that may wait for the network.
        stop: when set, the batch is cut short after the product in hand.
    """

    def __init__(self, store: Store, shots: ShotReader, pictures: Pictures, cores: int, stop: threading.Event) -> None:
        self._store = store
        self._shots = shots
        self._pictures = pictures
        self._computing = threading.BoundedSemaphore(cores)
        self._stop = stop

    def run(self, rows: Sequence[FeedRow], known: Mapping[str, Known]) -> BatchResult:
        """Read, compare, and embed what is new."""
        return _Batch(self._store, self._shots, self._pictures, self._computing, known).run(rows, self._stop)


class _Batch:
    def __init__(
        self,
        store: Store,
        shots: ShotReader,
        pictures: Pictures,
        computing: threading.BoundedSemaphore,
        known: Mapping[str, Known],
    ) -> None:
        self._store = store
        self._shots = shots
        self._pictures = pictures
        self._computing = computing
        self._known = known
        self._stored: dict[str, Entry] = {}
        self._waiting: dict[tuple[str, str], PreparedShot] = {}
        # By picture and, where a reader chooses by it, category: variants of a product often share their pictures.
        self._embedded: dict[tuple[str, str], tuple[Vector, bytes]] = {}
        self.result = BatchResult()

    def run(self, rows: Sequence[FeedRow], stop: threading.Event) -> BatchResult:
        self._read_changed(rows)
        read: list[tuple[FeedRow, list[_Slot]]] = []
        for row in rows:
            if stop.is_set():
                break
            read.append((row, self._read(row)))
        self._encode()
        for row, slots in read:
            self._finish(row, slots)
        self.result.rows = len(read)
        return self.result

    def _read_changed(self, rows: Sequence[FeedRow]) -> None:
        """Fetch the entries that some of whose fields changed in one go."""
        changed = [
            row.product.id
            for row in rows
            if row.product.id in self._known and self._known[row.product.id].row_hash != row_hash(row.product)
        ]
        if changed:
            self._stored.update(self._store.entries(changed))

    def _entry(self, product_id: str) -> Entry | None:
        if product_id not in self._stored:
            self._stored.update(self._store.entries([product_id]))
        return self._stored.get(product_id)

    def _read(self, row: FeedRow) -> list[_Slot]:
        """Read a row's pictures; those that are new are decoded and wait for the network."""
        reusable = self._reusable(row.product)
        slots: list[_Slot] = []
        for shot in row.product.shots:
            try:
                data = self._pictures.read(shot.source)
                sha256 = hashlib.sha256(data).hexdigest()
                new = sha256 not in reusable
                embed = self._decode(data, sha256, row.product.category, shot.source) if new else None
                slots.append(_Slot(Shot(shot.source, sha256), embed))
            except (PhotoError, FetchRefused, RowRefused) as error:
                self.result.refusals.append(Refusal(row.number, row.product.id, shot.source, str(error)))
                self.result.refused_pictures += 1
        return slots

    def _reusable(self, product: Product) -> frozenset[str]:
        """Hashes of those of the product's pictures in the catalog whose vectors would be the same again."""
        known = self._known.get(product.id)
        if known is None:
            return frozenset()
        if self._shots.chooses and product.id in self._stored:
            before = self._stored[product.id].product.category
            if before != product.category:  # another garment of the picture may now be the one
                return frozenset()
        return frozenset(known.shots)

    def _decode(self, data: bytes, sha256: str, category: str, source: str) -> tuple[str, str]:
        key = (sha256, category if self._shots.chooses else "")
        if key not in self._embedded and key not in self._waiting:
            with self._computing:
                self._waiting[key] = self._shots.prepare(data, category, source)
            if len(self._waiting) == PICTURES_AT_ONCE:
                self._encode()
        return key

    def _encode(self) -> None:
        if not self._waiting:
            return
        with self._computing:
            vectors = self._shots.encoder.encode([shot.prepared for shot in self._waiting.values()], side="shop")
        for (key, shot), vector in zip(self._waiting.items(), vectors, strict=True):
            self._embedded[key] = (vector, shot.thumbnail)
        self.result.embedded += len(vectors)
        self._waiting.clear()

    def _finish(self, row: FeedRow, slots: list[_Slot]) -> None:
        """Sort a row into written, unchanged or refused."""
        if not slots:
            self._refuse(row, "none of its pictures can be used")
            return
        product = replace(row.product, shots=tuple(slot.shot for slot in slots))
        known = self._known.get(product.id)
        now = Known(row_hash(product), tuple(slot.shot.sha256 for slot in slots))
        if known == now and all(slot.embed is None for slot in slots):
            self.result.unchanged += 1
            return
        found = [self._embedded[slot.embed] if slot.embed else self._kept(product.id, slot) for slot in slots]
        complete = [pair for pair in found if pair is not None]
        if len(complete) < len(found):
            self._refuse(row, "another program changed the product meanwhile. Run again.")
            return
        vectors, thumbnails = zip(*complete, strict=True)
        self.result.entries.append((Entry(product, np.stack(vectors), thumbnails), known is None))

    def _kept(self, product_id: str, slot: _Slot) -> tuple[Vector, bytes] | None:
        """Vector and thumbnail of a picture that the catalog has, None when it no longer does."""
        before = self._entry(product_id)
        for i, shot in enumerate(before.product.shots if before else ()):
            if before and shot.sha256 == slot.shot.sha256:
                return before.vectors[i], before.thumbnails[i]
        return None

    def _refuse(self, row: FeedRow, reason: str) -> None:
        self.result.refusals.append(Refusal(row.number, row.product.id, "", reason))
        self.result.refused += 1
