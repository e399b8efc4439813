"""Turn a batch of rows into entries of a catalog: the part of indexing that runs in parallel."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from streetshop.catalog.store import Entry, Known, Store, row_hash
from streetshop.core.errors import FetchRefused, PhotoError, RowRefused
from streetshop.core.records import Product, Shot, Tags, Vector
from streetshop.feeds.read import FeedRow
from streetshop.feeds.refused import NO_PICTURE, Refusal
from streetshop.indexing.attributes import described
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import PreparedShot, ShotReader

PICTURES_AT_ONCE: Final = 8
"""Pictures per run of the encoder, and decoded pictures held per worker.

On a CPU 32 are no faster, and take a gigabyte more memory (EfficientNet-Lite0 on two threads).
"""


_REMEMBERED: Final = 512
"""Embedded pictures that later batches may use: about 10 kilobytes each."""

CHANGED: Final = "another program changed the product meanwhile. Run again."
"""Why a row is refused whose product is not in the catalog as it was when the row was read."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A product to be written.

    Attributes:
        row: its number in the feed.
        entry: what is to be stored.
        before: hashes of what was stored when the row was read; None if nothing was.
    """

    row: int
    entry: Entry
    before: Known | None


@dataclass(slots=True)
class BatchResult:
    """The result of a batch.

    Attributes:
        ready: the products to be written.
        refusals: of rows and pictures.
        rows: number of rows done; all of the batch unless the work was stopped.
        unchanged: number of products that are in the catalog already.
        refused: number of products without a usable picture.
        refused_pictures: number of pictures that cannot be used.
        embedded: number of pictures that the encoder embedded.
        lost: number of products that had a value of a field in the catalog and have none in the feed, by field.
    """

    ready: list[Ready] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    rows: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_pictures: int = 0
    embedded: int = 0
    lost: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A shot of a row.

    Attributes:
        shot: with tags if the reader looked at it without embedding it.
        embed: key of what the encoder makes of it; None if the vector in the catalog stays.
    """

    shot: Shot
    embed: tuple[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Embedded:
    """Vector, thumbnail and tags of a picture."""

    vector: Vector
    thumbnail: bytes
    tags: Tags | None


class _Recent:
    """What was embedded last, for the variants of a design in later batches, which share its pictures; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str], _Embedded] = OrderedDict()

    def get(self, key: tuple[str, str]) -> _Embedded | None:
        with self._lock:
            return self._made.get(key)

    def put(self, key: tuple[str, str], made: _Embedded) -> None:
        with self._lock:
            self._made[key] = made
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)


@dataclass(frozen=True)
class BatchWorker:
    """Does the work of batches; thread-safe.

    Attributes:
        store: only read from.
        shots: prepares the pictures.
        pictures: where their bytes come from.
        computing: limits the threads that compute at once; further ones may wait for picture servers.
        stop: when set, a batch ends after the present product.
        recent: what earlier batches embedded.
        same_addresses: an address always has the same picture, so that one that the catalog has is not read again.
    """

    store: Store
    shots: ShotReader
    pictures: Pictures
    computing: threading.Semaphore
    stop: threading.Event
    recent: _Recent = field(default_factory=_Recent)
    same_addresses: bool = False

    def run(self, rows: Sequence[FeedRow], known: Mapping[str, Known]) -> BatchResult:
        """Read the pictures of the rows and embed those that are new.

        Args:
            rows: the batch.
            known: hashes of those of its products that are in the catalog.
        """
        return _Batch(self, known).run(rows)


class _Batch:
    def __init__(self, tools: BatchWorker, known: Mapping[str, Known]) -> None:
        self._tools = tools
        self._known = known
        self._stored: dict[str, Entry] = {}
        self._waiting: dict[tuple[str, str], PreparedShot] = {}
        # By the hash of the picture and, if they choose the garment, kind and category: variants often share pictures.
        self._embedded: dict[tuple[str, str], _Embedded] = {}
        self.result = BatchResult()

    def run(self, rows: Sequence[FeedRow]) -> BatchResult:
        self._read_changed(rows)
        read: list[tuple[FeedRow, list[_Slot]]] = []
        for row in rows:
            if self._tools.stop.is_set():
                break
            read.append((row, self._read(row)))
        self._encode()
        for row, slots in read:
            self._finish(row, slots)
        self.result.rows = len(read)
        return self.result

    def _read_changed(self, rows: Sequence[FeedRow]) -> None:
        """Fetch the entries of all products with changed fields in one call."""
        changed = [
            row.product.id
            for row in rows
            if row.product.id in self._known and self._known[row.product.id].row_hash != row_hash(row.product)
        ]
        if changed:
            self._stored.update(self._tools.store.entries(changed))

    def _entry(self, product_id: str) -> Entry | None:
        if product_id not in self._stored:
            self._stored.update(self._tools.store.entries([product_id]))
        return self._stored.get(product_id)

    def _read(self, row: FeedRow) -> list[_Slot]:
        """Read the pictures of a row; new ones are decoded and wait for the encoder."""
        slots: list[_Slot] = []
        kept = self._kept_hashes(row.product) if self._tools.same_addresses else {}
        for shot in row.product.shots:
            if shot.source in kept:
                slots.append(_Slot(Shot(shot.source, kept[shot.source]), None))
                continue
            try:
                data = self._tools.pictures.read_changed(shot.source, self._needless(row.product))
                if isinstance(data, str):
                    slots.append(_Slot(Shot(shot.source, data), None))
                    continue
                sha256 = hashlib.sha256(data).hexdigest()
                if not self._stays(data, sha256, row.product, shot.source):
                    slots.append(_Slot(Shot(shot.source, sha256), self._decode(data, sha256, row.product, shot.source)))
                else:
                    slots.append(_Slot(Shot(shot.source, sha256, self._look(data, row.product, shot.source)), None))
            except (PhotoError, FetchRefused, RowRefused) as error:
                self.result.refusals.append(Refusal(row.number, row.product.id, shot.source, str(error)))
                self.result.refused_pictures += 1
        return slots

    def _needless(self, product: Product) -> Sequence[str]:
        """Hashes of the pictures that the catalog has and whose bytes are not needed."""
        known = self._known.get(product.id)
        if known is None or (self._tools.shots.chooses and (product.id in self._stored or not known.tagged)):
            return ()
        return known.shots

    def _kept_hashes(self, product: Product) -> dict[str, str]:
        """The hashes of the pictures that the catalog has from the same addresses and that stay, by address."""
        known = self._known.get(product.id)
        if known is None or not known.tagged:
            return {}
        sources = [shot.source for shot in product.shots]
        if known.row_hash == row_hash(product):
            return dict(zip(sources, known.shots, strict=True)) if len(sources) == len(known.shots) else {}
        before = self._stored[product.id].product if product.id in self._stored else None
        if before is None or (self._tools.shots.chooses and not _same_choice(before, product)):
            return {}
        return {shot.source: shot.sha256 for shot in before.shots if shot.source.startswith(("http://", "https://"))}

    def _stays(self, data: bytes, sha256: str, product: Product, source: str) -> bool:
        """Whether a picture is in the catalog with the vector that it would get if it were embedded again."""
        known = self._known.get(product.id)
        if known is None or sha256 not in known.shots:
            return False
        if not self._tools.shots.chooses or product.id not in self._stored:
            return True
        before = self._stored[product.id].product
        # What the pictures themselves said came after the choice.
        kinds = ("" if before.kind_source == "picture" else before.kind, product.kind)
        if before.category == product.category and (kinds[0] == kinds[1] or not known.tagged):
            return True
        with self._tools.computing:
            return self._tools.shots.same_vector(
                data, source, (before.category, kinds[0]), (product.category, kinds[1])
            )

    def _look(self, data: bytes, product: Product, source: str) -> Tags | None:
        """What the reader sees in a picture whose vector is kept; None if it looked before."""
        known = self._known[product.id]
        if known.tagged or not self._tools.shots.chooses:
            return None
        with self._tools.computing:
            return self._tools.shots.look(data, product.category, source, product.kind)

    def _decode(self, data: bytes, sha256: str, product: Product, source: str) -> tuple[str, str]:
        key = (sha256, f"{product.kind} {product.category}" if self._tools.shots.chooses else "")
        if key not in self._embedded and (made := self._tools.recent.get(key)) is not None:
            self._embedded[key] = made
        if key not in self._embedded and key not in self._waiting:
            with self._tools.computing:
                self._waiting[key] = self._tools.shots.prepare(data, product.category, source, product.kind)
            if len(self._waiting) == PICTURES_AT_ONCE:
                self._encode()
        return key

    def _encode(self) -> None:
        if not self._waiting:
            return
        with self._tools.computing:
            vectors = self._tools.shots.encoder.encode([shot.prepared for shot in self._waiting.values()], side="shop")
        for (key, shot), vector in zip(self._waiting.items(), vectors, strict=True):
            made = self._embedded[key] = _Embedded(vector, shot.thumbnail, shot.tags)
            self._tools.recent.put(key, made)
        self.result.embedded += len(vectors)
        self._waiting.clear()

    def _finish(self, row: FeedRow, slots: list[_Slot]) -> None:
        """Count a row as written, unchanged or refused."""
        if not slots:
            self._refuse(row, NO_PICTURE)
            return
        product = replace(row.product, shots=tuple(slot.shot for slot in slots))
        known = self._known.get(product.id)
        now = Known(row_hash(product), tuple(slot.shot.sha256 for slot in slots))
        if known == now and all(slot.embed is None and slot.shot.tags is None for slot in slots):
            self.result.unchanged += 1
            return
        found = [self._embedded[slot.embed] if slot.embed else self._kept(product.id, slot) for slot in slots]
        complete = [pair for pair in found if pair is not None]
        if len(complete) < len(found):
            self._refuse(row, CHANGED)
            return
        seen = (
            made.tags if slot.shot.tags is None else slot.shot.tags for slot, made in zip(slots, complete, strict=True)
        )
        shots = tuple(replace(shot, tags=tags) for shot, tags in zip(product.shots, seen, strict=True))
        vectors, thumbnails = np.stack([made.vector for made in complete]), tuple(made.thumbnail for made in complete)
        product = described(replace(product, shots=shots), vectors, self._tools.shots.encoder.fingerprint)
        before = self._stored.get(product.id)
        if before is not None:
            self.result.lost.update(_lost(before.product, product))
        self.result.ready.append(Ready(row.number, Entry(product, vectors, thumbnails), known))

    def _kept(self, product_id: str, slot: _Slot) -> _Embedded | None:
        """What the catalog has of a picture, None if it is gone."""
        before = self._entry(product_id)
        for i, shot in enumerate(before.product.shots if before else ()):
            if before and shot.sha256 == slot.shot.sha256:
                return _Embedded(before.vectors[i], before.thumbnails[i], shot.tags)
        return None

    def _refuse(self, row: FeedRow, reason: str) -> None:
        self.result.refusals.append(Refusal(row.number, row.product.id, "", reason))
        self.result.refused += 1


def _same_choice(before: Product, product: Product) -> bool:
    """Whether both choose the same garment of a picture for certain."""
    kind = "" if before.kind_source == "picture" else before.kind
    return before.category == product.category and kind == product.kind


def _lost(before: Product, product: Product) -> Iterator[str]:
    """Fields that had a value and have none."""
    for name in ("title", "category", "brand", "price", "url", "in_stock"):
        if getattr(before, name) not in ("", None) and getattr(product, name) in ("", None):
            yield name
