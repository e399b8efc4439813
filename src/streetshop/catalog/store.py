"""The store port: what a catalog must be able to do, whatever keeps it. One conformance suite runs on every adapter.

A store holds *entries*: a product with one vector per shot. All vectors of a catalog come from one encoder, whose
fingerprint and blocks the catalog remembers, and all have the same norm (the square root of the number of blocks,
each block being of unit length), so that dot product, cosine and Euclidean distance rank alike under any weights of
the blocks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import Filter
from streetshop.core.errors import CatalogEncoderMismatch, CatalogUnsupported, RecordError, VectorError
from streetshop.core.records import Block, FieldType, Product, Vector

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with (what is being done, done so far, of how many or None)."""

UNIT_TOLERANCE = 1e-3
"""How far the length of a block may be from 1."""


@dataclass(frozen=True, slots=True)
class CatalogMeta:
    """What a catalog remembers about itself.

    Attributes:
        encoder: ``name version`` of the encoder, for people.
        fingerprint: of the encoder bundle; vectors of another are refused.
        blocks: in the order in which they are concatenated.
        generation: counts rebuilds; a rebuild swaps the new generation in atomically.
        reader: ``name version`` of the reader that the catalog was begun with, ``none`` without one; empty where it is
            unknown.
    """

    encoder: str
    fingerprint: str
    blocks: tuple[Block, ...]
    generation: int = 1
    reader: str = ""

    @property
    def dim(self) -> int:
        return sum(block.dim for block in self.blocks)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A product as it is stored.

    Attributes:
        product: with the sha256 of every shot filled in; only shots that could be embedded.
        vectors: (number of shots, dim) float32, finite, every block of unit length.
        thumbnails: one small JPEG per shot for pages and sheets; ``b""`` where none is kept.
    """

    product: Product
    vectors: NDArray[np.float32]
    thumbnails: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is needed to see whether a feed's row changed: hashes of the product's fields and of its shots."""

    row_hash: str
    shots: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A shot near the query. ``score`` is the dot product of the stored and the query vector, from the exact vector."""

    product_id: str
    shot: int
    score: float
    vector: Vector


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing ``verify`` found wrong, and how to mend it."""

    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """Figures about a catalog.

    Attributes:
        recall: of the approximate index against exact search, measured when it was built; None without an index.
        indexed: shots in the approximate index; the rest is searched exactly until the next ``optimize``.
    """

    products: int
    shots: int
    bytes: int
    indexed: int = 0
    recall: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


class Store(Protocol):
    """A catalog, open for reading and writing.

    Calls are safe from several threads. Every write is atomic and durable when the call returns: after ``kill -9`` at
    any moment the store opens again, holds every acknowledged write, and none by half.
    """

    @property
    def url(self) -> str: ...

    @property
    def meta(self) -> CatalogMeta: ...

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Add products, or replace those with the same id, all of their shots at once; all entries in one commit.

        Raises VectorError for a wrong length, NaN, infinity or a block that is not of unit length; CatalogLocked;
        CatalogDiskFull.
        """
        ...

    def delete(self, ids: Iterable[str]) -> int:
        """Remove products; returns how many were there. A removed product never comes back in any search."""
        ...

    def get(self, ids: Sequence[str]) -> list[Product | None]:
        """Products in the order of ``ids``, None for those that are not there."""
        ...

    def entries(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Those of the products that are there, whole, with vectors and thumbnails."""
        ...

    def vectors(self, product_id: str) -> NDArray[np.float32]:
        """(number of shots, dim) of one product. Raises ProductMissing."""
        ...

    def thumbnail(self, product_id: str, shot: int = 0) -> bytes | None:
        """The JPEG kept for a shot, None if none was. Raises ProductMissing if there is no such product or shot."""
        ...

    def known(self, ids: Sequence[str]) -> dict[str, Known]:
        """Hashes of those of the products that are there."""
        ...

    def ids(self) -> Iterable[str]:
        """Ids of all products, in order."""
        ...

    def search(self, query: Vector, k: int, where: Filter | None = None, *, exact: bool = False) -> list[Hit]:
        """The ``k`` shots of highest dot product with ``query`` among those that pass the filter.

        Highest first, ties by product id, then shot. Fewer only when fewer pass. ``exact`` bypasses any index.
        """
        ...

    def count(self, where: Filter | None = None) -> int:
        """Products that pass the filter."""
        ...

    def fields(self) -> dict[str, FieldType]:
        """Names that a filter may use, with their types."""
        ...

    def values(self, name: str, limit: int = 100) -> list[tuple[str, int]]:
        """The commonest values of a text field with their numbers of products, commonest first."""
        ...

    def bounds(self, name: str) -> tuple[float, float] | None:
        """Smallest and largest value of a number field, None when no product has one."""
        ...

    def info(self) -> StoreInfo: ...

    def optimize(self, progress: Progress | None = None) -> None:
        """Build or refresh the approximate index and the filters' indexes, drop old versions.

        Searches and writes go on meanwhile.
        """
        ...

    def verify(self, progress: Progress | None = None) -> list[Finding]:
        """Read everything back and check it; an empty list means all is well."""
        ...

    def snapshot(self, target: Path, progress: Progress | None = None) -> None:
        """Write a consistent copy to ``target`` (a new folder) with checksums; restore it with ``restore_snapshot``."""
        ...

    def begin_rebuild(self, meta: CatalogMeta) -> Store:
        """An empty store beside this one, for vectors of another encoder; ``commit_rebuild`` puts it in the place.

        Until then every process goes on reading the present generation, and nobody can write to it. A rebuild that
        was interrupted goes on where it stopped when it is begun again with the same encoder, blocks and reader: the
        store is then not empty. ``close`` without ``commit_rebuild`` leaves it unfinished. Raises CatalogLocked.
        """
        ...

    def commit_rebuild(self) -> None:
        """Swap the rebuilt generation in, atomically; all readers notice at their next call."""
        ...

    def close(self) -> None: ...


def row_hash(product: Product) -> str:
    """Hash of everything a feed says about a product, the shots' places included but not their content."""
    fields = asdict(product)
    fields["shots"] = [shot.source for shot in product.shots]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check_entries(entries: Sequence[Entry], blocks: Sequence[Block]) -> list[Entry]:
    """Entries as they may be stored; of several with one id the last.

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
    """A query vector as float32. Raises VectorError for a wrong length, NaN, infinity or all zeros."""
    vector = np.asarray(query, np.float32)
    if vector.shape != (dim,):
        raise VectorError(f"the query has shape {vector.shape}, the catalog's vectors ({dim},)")
    if not np.isfinite(vector).all():
        raise VectorError("the query holds NaN or infinity")
    if not vector.any():
        raise VectorError("the query is all zeros", hint="Give at least one block a weight above zero")
    return vector


def check_encoder(meta: CatalogMeta, fingerprint: str, url: str = "URL") -> None:
    """Raises CatalogEncoderMismatch when the catalog's vectors are not of the encoder with this fingerprint."""
    if meta.fingerprint != fingerprint:
        raise CatalogEncoderMismatch(
            f"the catalog's vectors are of encoder {meta.encoder} ({meta.fingerprint[:12]}), not of {fingerprint[:12]}",
            where=url,
            hint=f"Use that encoder, or rebuild: streetshop index FEED --catalog {url} --rebuild",
        )


def open_catalog(url: str, *, write: bool = False) -> Store:
    """Open the catalog at ``url``: a path is LanceDB.

    Args:
        write: fail now rather than at the first write when another process is writing.

    Raises CatalogMissing, CatalogDamaged, CatalogLocked, CatalogUnsupported.
    """
    from streetshop.catalog.lance.store import LanceStore

    return LanceStore.open(local_path(url), write=write)


def create_catalog(url: str, meta: CatalogMeta) -> Store:
    """An empty catalog at ``url``, open. Raises CatalogExists, CatalogUnsupported, CatalogDiskFull."""
    from streetshop.catalog.lance.store import LanceStore

    return LanceStore.create(local_path(url), meta)


def restore_snapshot(source: Path, url: str) -> Store:
    """Make a catalog at ``url`` from a snapshot, and open it.

    Every file is checked while it is copied: a snapshot with a missing, changed or additional file is refused and
    nothing is left at ``url``. Raises CatalogMissing, CatalogDamaged, CatalogExists, CatalogUnsupported.
    """
    from streetshop.catalog.lance.copy import restore
    from streetshop.catalog.lance.store import LanceStore

    path = local_path(url)
    restore(source, path)
    return LanceStore.open(path)


def local_path(url: str) -> Path:
    """The folder a catalog's address names. Raises CatalogUnsupported for an address that is not a path."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):/", url)
    if scheme and scheme[1].lower() == "milvus":
        raise CatalogUnsupported(
            "this installation has no Milvus adapter", where=url, hint="Give a folder: the catalog is then LanceDB"
        )
    if scheme or not url.strip() or "\0" in url:
        raise CatalogUnsupported("not an address of a catalog", where=url, hint="Give a folder, as in shop.catalog")
    return Path(url)


def split_blocks(vector: Vector, blocks: Sequence[Block]) -> dict[str, Vector]:
    """The named parts of a vector, or of the rows of a (dim, n) array."""
    parts, start = {}, 0
    for block in blocks:
        parts[block.name] = vector[start : start + block.dim]
        start += block.dim
    return parts
