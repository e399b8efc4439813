"""A segment of a catalog for searching: products with their filter columns, vectors, and compressed vectors.

Segments are immutable. The sealed segment, built by ``optimize``, is mapped from files; later writes are small segments
in memory.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance import columns, rows
from streetshop.catalog.lance.words import WordIndex
from streetshop.core.records import Vector

if TYPE_CHECKING:
    import pyarrow as pa

CANDIDATES: Final = 500
"""Shots that the compressed vectors select for exact re-ranking; more for large k and large catalogs."""
FEW: Final = 5_000
"""Up to so many shots are compared exactly, without the compressed vectors."""
_STEP: Final = 8192
"""Shots or products per block of work, so that temporary arrays stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Designs:
    """Which products of a segment are of one design.

    Attributes:
        names: folded designs.
        codes: (products,) int32 index in ``names``, -1 for a product without a design.
        rows: (products with a design,) rows by rising code.
        starts: (designs + 1,) where the rows of each design begin in ``rows``.
    """

    names: Any
    codes: NDArray[np.int32]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    def of(self, name: str) -> NDArray[np.int64]:
        """The rows of a design."""
        import pyarrow.compute as pc

        code = pc.index(self.names, name).as_py()
        return self.rows[self.starts[code] : self.starts[code + 1]] if code >= 0 else self.rows[:0]

    def among(self, passing: columns.Mask) -> list[int]:
        """The codes that products in a (products,) mask have."""
        used: list[int] = np.unique(self.codes[passing]).tolist()
        return [code for code in used if code >= 0]


@dataclass(frozen=True, eq=False)
class Segment:
    """Products and shots.

    Attributes:
        products: table of ``id`` (sorted), ``row_hash``, ``product`` (JSON) and the filter columns.
        owner: (shots,) int32, the row in ``products`` of the product of each shot.
        shot: (shots,) int32, the number of each shot in its product.
        vectors: (shots, dim) float32.
        codes: faiss index of the compressed vectors, in the same order; None for a small segment.
        folder: of the sealed segment; None in memory.
    """

    products: pa.Table
    owner: NDArray[np.int32]
    shot: NDArray[np.int32]
    vectors: NDArray[np.float32]
    codes: Any = None
    folder: Path | None = None

    def find(self, product_id: str) -> int | None:
        """The row of a product, None if it is not here."""
        ids = self.products.column("id")
        at = bisect_left(range(len(ids)), product_id, key=lambda i: ids[i].as_py())
        return at if at < len(ids) and ids[at].as_py() == product_id else None

    def first_vector(self, row: int) -> Vector:
        """The vector of the first shot of the product in ``row``."""
        return np.array(self.vectors[self._first_shots[row]])

    @cached_property
    def _first_shots(self) -> NDArray[np.int64]:
        first = np.flatnonzero(self.shot == 0)
        found = np.zeros(len(self.products), np.int64)
        found[self.owner[first]] = first
        return found

    def product_json(self, row: int) -> str:
        """The stored JSON of the product in ``row``."""
        return str(self.products.column("product")[row].as_py())

    @cached_property
    def words(self) -> WordIndex:
        """The full-text index of the products; read, or made, at the first search with words."""
        return WordIndex(self.products, self.folder)

    @cached_property
    def designs(self) -> Designs:
        """The designs of the products."""
        import pyarrow as pa

        if "t:design" not in self.products.column_names:
            nothing = np.zeros(0, np.int64)
            return Designs(
                pa.array([], pa.utf8()), np.full(len(self.products), -1, np.int32), nothing, np.zeros(1, np.int64)
            )
        column = self.products.column("t:design").combine_chunks()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        order = np.argsort(codes, kind="stable")
        first = int(np.searchsorted(codes[order], 0))
        counts = np.bincount(codes[codes >= 0], minlength=len(column.dictionary))
        return Designs(column.dictionary, codes, order[first:], np.concatenate([[0], np.cumsum(counts)]))

    def design_of_row(self, row: int) -> str:
        """The folded design of the product in ``row``; empty if it has none."""
        code = int(self.designs.codes[row])
        return str(self.designs.names[code].as_py()) if code >= 0 else ""

    def of_design(self, name: str, alive: columns.Mask) -> list[str]:
        """The ids of the products of a folded design that are in a (products,) mask."""
        rows_there = self.designs.of(name)
        ids: list[str] = self.products.column("id").take(rows_there[alive[rows_there]]).to_pylist()
        return ids

    def nearest(
        self, query: Vector, k: int, passing: columns.Mask | None, exact: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Candidates for the ``k`` shots of highest dot product with ``query``.

        Args:
            query: (dim,) float32.
            k: number of shots wanted.
            passing: (shots,) booleans, which shots may be returned; None for all.
            exact: compare all shots, without the compressed vectors.

        Returns:
            Numbers of passing shots that include the best ``k``, and their dot products.
        """
        count = len(self.vectors) if passing is None else int(np.count_nonzero(passing))
        if exact or self.codes is None or count <= FEW:
            chosen = self._scan(query, k, passing, count)
        else:
            chosen = self._approximate(query, k, passing, count)
        return chosen, np.vecdot(self.vectors[chosen], query)

    def _scan(self, query: Vector, k: int, passing: columns.Mask | None, count: int) -> NDArray[np.int64]:
        whole = count == len(self.vectors)
        chosen = np.arange(count) if passing is None or whole else np.flatnonzero(passing)
        scores = np.empty(count, np.float32)
        for start in range(0, count, _STEP):
            some = slice(start, start + _STEP)
            np.vecdot(self.vectors[some if whole else chosen[some]], query, out=scores[some])
        if count <= k:
            return chosen
        # All ties with the last are kept: the caller orders them by id.
        return np.asarray(chosen[scores >= np.partition(scores, count - k)[count - k]])

    def _approximate(self, query: Vector, k: int, passing: columns.Mask | None, count: int) -> NDArray[np.int64]:
        # Compressed vectors ignore the filter, so more are requested: enough for the share that passes. If the filter
        # and the query are at odds (shoes for a dress), too few pass, and in the end all passing shots are compared.
        total = len(self.vectors)
        wanted = max(CANDIDATES, 10 * k, count // 250)
        asked = int(wanted * total / count * 1.1) + 1
        while asked * 4 < total:
            found = self._nearest_codes(query, asked)
            if passing is not None:
                found = found[passing[found]]
            if len(found) >= wanted // 2:
                return found[:wanted]
            asked *= 8
        return self._scan(query, k, passing, count)

    def _nearest_codes(self, query: Vector, asked: int) -> NDArray[np.int64]:
        import faiss

        faiss.omp_set_num_threads(1)  # for this thread: searches run in parallel, one core each
        padded = np.zeros((1, self.codes.d), np.float32)
        padded[0, : len(query)] = query
        found: NDArray[np.int64] = self.codes.search(padded, asked)[1][0]
        return found[found >= 0]


def segment_of(table: pa.Table, dim: int) -> Segment:
    """A segment in memory of rows with the columns ``rows.SEARCHED``, without tombstones."""
    import pyarrow.compute as pc

    table = table.filter(pc.greater_equal(table.column("shot"), 0)).combine_chunks()
    first = table.filter(pc.equal(table.column("shot"), 0)).sort_by("product_id")
    products = product_table(first)
    return Segment(
        products,
        owners(table.column("product_id"), products),
        np.asarray(table.column("shot").to_numpy(), np.int32),
        rows.matrix(table.column("vector"), dim),
    )


def owners(ids: Any, products: pa.Table) -> NDArray[np.int32]:
    """(n,) int32, the row in ``products`` of each id. Raises ValueError for an id that is not there."""
    import pyarrow.compute as pc

    if not len(ids):
        return np.zeros(0, np.int32)
    found = pc.index_in(ids, value_set=products.column("id").combine_chunks())
    if found.null_count:
        raise ValueError("a shot of a product that is not there")
    return np.asarray(found.to_numpy(), np.int32)


def product_table(first: pa.Table) -> pa.Table:
    """The products of rows of first shots, in the same order, with filter columns (see ``Segment.products``)."""
    import pyarrow as pa

    parts = [pa.schema([("id", pa.utf8()), ("row_hash", pa.utf8()), ("product", pa.large_utf8())]).empty_table()]
    for batch in first.select(["product_id", "row_hash", "product"]).to_batches(max_chunksize=_STEP):
        products = [rows.product_from_json(text) for text in batch.column("product").to_pylist()]
        fixed = {
            "id": batch.column("product_id"),
            "row_hash": batch.column("row_hash"),
            "product": batch.column("product").cast(pa.large_utf8()),
        }
        parts.append(pa.table({**fixed, **columns.product_columns(products)}))
    table = pa.concat_tables(parts, promote_options="default").combine_chunks()
    for at, name in enumerate(table.column_names):
        if name.startswith("t:"):
            table = table.set_column(at, name, table.column(at).dictionary_encode())
    return table
