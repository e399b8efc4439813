"""The store port: the operations of a catalog. One conformance suite tests every adapter.

A store holds *entries*: a product with one vector per shot. All vectors of a catalog come from one encoder, whose
fingerprint and blocks are stored with the catalog. Every block of a vector is of unit length, so all vectors have the
same norm (the square root of the number of blocks), and dot product, cosine and Euclidean distance rank alike under any
weights of the blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter
from streetshop.core.errors import CatalogEncoderMismatch, RecordError, VectorError
from streetshop.core.records import Block, FieldType, Product, Vector

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with (stage, items done, items in all or None)."""

_FEED_FIELDS = ("id", "title", "category", "brand", "price", "currency", "url", "in_stock")

UNIT_TOLERANCE = 1e-3
"""How far the length of a block may be from 1."""


@dataclass(frozen=True, slots=True)
class CatalogMeta:
    """Metadata of a catalog.

    Attributes:
        encoder: ``name version`` of the encoder, for display.
        fingerprint: of the encoder bundle; vectors of another encoder are refused.
        blocks: in the order in which they are concatenated.
        generation: the number of rebuilds plus one; a rebuild swaps the new generation in atomically.
        reader: ``name version`` of the reader that the catalog was created with, ``none`` without one; empty if
            unknown.
    """

    encoder: str
    fingerprint: str
    blocks: tuple[Block, ...]
    generation: int = 1
    reader: str = ""

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return sum(block.dim for block in self.blocks)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A product as it is stored.

    Attributes:
        product: only with shots that could be embedded, each with its sha256.
        vectors: (number of shots, dim) float32, finite, every block of unit length.
        thumbnails: one small JPEG per shot for pages and sheets; ``b""`` if none is kept.
    """

    product: Product
    vectors: NDArray[np.float32]
    thumbnails: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Hashes of a stored product's fields and of its shots, to detect whether the row of a feed changed.

    Attributes:
        row_hash: see :func:`row_hash`.
        shots: sha256 of each shot.
        tagged: whether the models looked at every shot for all that tags hold.
    """

    row_hash: str
    shots: tuple[str, ...]
    tagged: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A shot near the query.

    Attributes:
        product_id: of its product.
        shot: index of the shot.
        score: dot product of the stored (uncompressed) vector and the query.
        vector: as stored.
        design: of its product; empty when the product is the only one of its design.
    """

    product_id: str
    shot: int
    score: float
    vector: Vector
    design: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A condition on the words of products: title, category, brand, kind and attributes.

    Upper case and accents do not count. A word that no product has stands for those that differ in one or two letters.

    Attributes:
        words: of the query.
        least: how many of them a product must have.
    """

    words: tuple[str, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect found by ``verify``, and how to repair it."""

    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What ``repair_catalog`` did.

    Attributes:
        done: one sentence for each step; empty if nothing had to be done.
        lost: ids of products that could not be saved, sorted; the next ``index`` of the feed adds them again.
        complete: nothing was lost, neither products nor later writes to them.
    """

    done: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """Statistics of a catalog.

    Attributes:
        products: number of products.
        shots: number of shots, each with a vector.
        bytes: size on disk.
        indexed: shots in the approximate index; the others are searched exactly until the next ``optimize``.
        recall: of the approximate index against exact search, measured when it was built; None without an index.
        extra: further statistics of the adapter.
    """

    products: int
    shots: int
    bytes: int
    indexed: int = 0
    recall: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


Change: TypeAlias = Callable[[str, Entry | None], Entry | None]
"""Called with the id of a product and its stored entry, None if there is none; returns the entry to store, None for
none. Returning the stored entry itself leaves it as it is."""


class Store(Protocol):
    """A catalog, open for reading and writing.

    Calls are thread-safe. Every write is atomic, and durable when the call returns: after ``kill -9`` at any moment the
    store opens again with every acknowledged write and without partial ones.
    """

    @property
    def url(self) -> str:
        """The address of the catalog."""
        ...

    @property
    def meta(self) -> CatalogMeta:
        """Metadata of the current generation."""
        ...

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Add products, or replace those with the same id with all of their shots, in one commit.

        Raises:
            VectorError: a wrong length, NaN, infinity, or a block that is not of unit length.
            CatalogLocked: another process is writing.
            CatalogDiskFull: no space left.
        """
        ...

    def delete(self, ids: Iterable[str]) -> int:
        """Remove products and return how many there were. A removed product is in no later search."""
        ...

    def change(self, ids: Iterable[str], change: Change) -> None:
        """Read products, decide, and write, in one commit; no other write comes between.

        Use it where what is written depends on what was read before: two calls, one that reads and ``upsert``, may undo
        a write of another program.

        Args:
            ids: of the products.
            change: called for each of them while the store is locked, so it should be quick. It may read from the
                store, also what ``meta`` is at this moment, and must not write to it. What it raises is raised here,
                and nothing is written.

        Raises:
            RecordError: it returned a product with another id.
            VectorError, CatalogLocked, CatalogDiskFull: as for ``upsert``.
        """
        ...

    def get(self, ids: Sequence[str]) -> list[Product | None]:
        """Products in the order of ``ids``, None for missing ones."""
        ...

    def entries(self, ids: Sequence[str]) -> dict[str, Entry]:
        """The entries, with vectors and thumbnails, of those ids that exist."""
        ...

    def vectors(self, product_id: str) -> NDArray[np.float32]:
        """(number of shots, dim) vectors of one product. Raises ProductMissing."""
        ...

    def thumbnail(self, product_id: str, shot: int = 0) -> bytes | None:
        """The JPEG of a shot, None if none is kept. Raises ProductMissing if there is no such product or shot."""
        ...

    def known(self, ids: Sequence[str]) -> dict[str, Known]:
        """Hashes of those products that exist."""
        ...

    def ids(self) -> Iterable[str]:
        """Ids of all products, sorted."""
        ...

    def search(
        self,
        query: Vector,
        k: int,
        where: Filter | None = None,
        *,
        words: Words | None = None,
        exact: bool = False,
    ) -> list[Hit]:
        """The ``k`` shots of highest dot product with ``query`` among those that pass the filter and have the words.

        Highest first, ties by product id, then shot. Fewer only if fewer pass. ``exact`` bypasses any index.
        """
        ...

    def find(self, words: Sequence[str], k: int, where: Filter | None = None) -> list[Hit]:
        """The ``k`` products that have most of some words, among those that pass the filter, each by its first shot.

        Products with more of the words first, then those of higher BM25, ties by id. The score is from 0 to 1.
        """
        ...

    def held(self, ids: Sequence[str], words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Which of some words each of these products has."""
        ...

    def variants(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Ids of all products of the same design, sorted, for those of ``ids`` that have a design."""
        ...

    def count(self, where: Filter | None = None, *, designs: bool = False) -> int:
        """Number of products that pass the filter, or of their designs; a product without one counts as one."""
        ...

    def fields(self) -> dict[str, FieldType]:
        """Names that a filter may use, with their types."""
        ...

    def values(self, name: str, limit: int = 100) -> list[tuple[str, int]]:
        """The commonest values of a text field with their numbers of products, commonest first."""
        ...

    def bounds(self, name: str) -> tuple[float, float] | None:
        """Smallest and largest value of a number field, None if no product has one."""
        ...

    def info(self) -> StoreInfo:
        """Statistics."""
        ...

    def optimize(self, progress: Progress | None = None) -> None:
        """Build or refresh the approximate index and the indexes of the filters, and drop old versions.

        Searches and writes continue meanwhile.
        """
        ...

    def health(self) -> list[Finding]:
        """A cheap check for servers, to be called every few seconds: are all files there, and of the right size?

        Returns:
            Defects in spite of which searches are answered from sound data; an empty list if none is known.

        Raises:
            CatalogDamaged: the catalog cannot be trusted.
        """
        ...

    def verify(self, progress: Progress | None = None) -> list[Finding]:
        """Read everything back and check it. Returns an empty list if nothing is wrong."""
        ...

    def snapshot(self, target: Path, progress: Progress | None = None) -> None:
        """Write a consistent copy with checksums to ``target`` (a new folder), for ``restore_snapshot``."""
        ...

    def begin_rebuild(self, meta: CatalogMeta) -> Store:
        """An empty store beside this one, for vectors of another encoder; ``commit_rebuild`` swaps it in.

        Until then every process reads the present generation, and no other process can write. An interrupted rebuild
        resumes if it is started again with the same encoder, blocks and reader: the store is then not empty. ``close``
        without ``commit_rebuild`` leaves it unfinished. Raises CatalogLocked.
        """
        ...

    def commit_rebuild(self) -> None:
        """Swap the rebuilt generation in, atomically; all readers follow at their next call."""
        ...

    def close(self) -> None:
        """Release locks and files."""
        ...


def row_hash(product: Product) -> str:
    """Hash of what a feed says of a product, including the sources of its shots but not their content.

    What the models see in its pictures is left out. So are a kind and a design that are unknown, and no remarks.
    """
    fields = {name: getattr(product, name) for name in _FEED_FIELDS}
    fields["attributes"] = dict(product.attributes)
    fields["shots"] = [shot.source for shot in product.shots]
    if product.kind and product.kind_source != "picture":
        fields["kind"] = [product.kind, product.kind_source, product.kind_probability]
    if product.design:
        fields["design"] = product.design
    if product.remarks:
        fields["remarks"] = [[each.column, each.value, each.reason] for each in product.remarks]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check_entries(entries: Sequence[Entry], blocks: Sequence[Block]) -> list[Entry]:
    """Validate entries before they are stored; of several with one id, only the last is returned.

    Raises:
        VectorError: a wrong length, NaN, infinity, or a block that is not of unit length.
        RecordError: a product without shots, or not one vector and thumbnail for each.
    """
    dim = sum(block.dim for block in blocks)
    for entry in entries:
        try:
            row_hash(entry.product)
        except UnicodeEncodeError as error:
            raise RecordError("holds half a character", where=repr(entry.product.id)) from error
        name, vectors = f"product {entry.product.id!r}", np.asarray(entry.vectors)
        shots = len(entry.product.shots)
        if shots == 0:
            raise RecordError("no shots", where=name, hint="Only products with a picture can be searched")
        if vectors.ndim != 2 or len(vectors) != shots or len(entry.thumbnails) != shots:
            raise RecordError(
                f"{shots} shots, vectors of shape {vectors.shape} and {len(entry.thumbnails)} thumbnails", where=name
            )
        if vectors.shape[1] != dim:
            raise VectorError(f"vectors have {vectors.shape[1]} values, the catalog's have {dim}", where=name)
        if not np.isfinite(vectors).all():
            raise VectorError("a vector holds NaN or infinity", where=name)
        for block, part in split_blocks(vectors.T, blocks).items():
            norms = np.linalg.norm(part, axis=0)
            if (np.abs(norms - 1) > UNIT_TOLERANCE).any():
                raise VectorError(f"block {block!r} has length {norms.tolist()}, not 1", where=name)
    return list({entry.product.id: entry for entry in entries}.values())


def check_query(query: Vector, dim: int) -> Vector:
    """Validate a query vector and convert it to float32. Raises VectorError: wrong length, NaN, infinity, all zeros."""
    vector = np.asarray(query, np.float32)
    if vector.shape != (dim,):
        raise VectorError(f"the query has shape {vector.shape}, the catalog's vectors ({dim},)")
    if not np.isfinite(vector).all():
        raise VectorError("the query holds NaN or infinity")
    if not vector.any():
        raise VectorError("the query is all zeros", hint="Give at least one block a weight above zero")
    return vector


def check_encoder(meta: CatalogMeta, fingerprint: str, url: str = "URL") -> None:
    """Raise CatalogEncoderMismatch if the catalog's vectors do not come from the encoder with this fingerprint."""
    if meta.fingerprint != fingerprint:
        raise CatalogEncoderMismatch(
            f"the catalog's vectors are of encoder {meta.encoder} ({meta.fingerprint[:12]}), not of {fingerprint[:12]}",
            where=url,
            hint=f"Use that encoder, or rebuild: streetshop index FEED --catalog {url} --rebuild",
        )


def split_blocks(vector: Vector, blocks: Sequence[Block]) -> dict[str, Vector]:
    """The named parts of a vector, or of the rows of a (dim, n) array."""
    parts, start = {}, 0
    for block in blocks:
        parts[block.name] = vector[start : start + block.dim]
        start += block.dim
    return parts
