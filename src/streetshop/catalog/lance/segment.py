"""A part of a catalog held for searching: products and their filter columns, vectors, and compressed vectors.

Segments never change. The large one, built by ``optimize``, is mapped from files; what was written since is in memory.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.lance import columns, rows
from streetshop.core.records import Vector

if TYPE_CHECKING:
    import pyarrow as pa

CANDIDATES: Final = 500
"""Shots that the compressed vectors choose for the exact comparison; more for large k and large catalogs."""
FEW: Final = 5_000
"""So many shots are compared exactly without asking the compressed vectors."""
_STEP: Final = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Products and shots.

    Attributes:
        products: table of ``id`` (in order), ``row_hash``, ``product`` (JSON) and the filter columns.
        owner: (shots,) int32, the row in ``products`` each shot belongs to.
        shot: (shots,) int32, its number there.
        vectors: (shots, dim) float32.
        codes: faiss index of the vectors, compressed, in the same order; None where there are few.
    """

    products: pa.Table
    owner: NDArray[np.int32]
    shot: NDArray[np.int32]
    vectors: NDArray[np.float32]
    codes: Any = None

    def find(self, product_id: str) -> int | None:
        """The row of a product."""
        ids = self.products.column("id")
        at = bisect_left(range(len(ids)), product_id, key=lambda i: ids[i].as_py())
        return at if at < len(ids) and ids[at].as_py() == product_id else None

    def product_json(self, row: int) -> str:
        return str(self.products.column("product")[row].as_py())

    def nearest(
        self, query: Vector, k: int, passing: columns.Mask | None, exact: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Shots among those passing, with the ``k`` of highest dot product among them, and all the dot products."""
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
        # All that equal the last are kept: their order is decided by id.
        return np.asarray(chosen[scores >= np.partition(scores, count - k)[count - k]])

    def _approximate(self, query: Vector, k: int, passing: columns.Mask | None, count: int) -> NDArray[np.int64]:
        # The compressed vectors know no filter: so many are asked for that enough of them should pass. Where the
        # filter is at odds with the query (shoes for a dress), they do not, and then all that pass are compared.
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

        faiss.omp_set_num_threads(1)  # of this thread: searches run side by side, one core each
        padded = np.zeros((1, self.codes.d), np.float32)
        padded[0, : len(query)] = query
        found: NDArray[np.int64] = self.codes.search(padded, asked)[1][0]
        return found[found >= 0]


def segment_of(table: pa.Table, dim: int) -> Segment:
    """A segment in memory of the rows that a reader keeps (``lance_rows.READ``), those of deleted products left out."""
    import pyarrow.compute as pc

    table = table.filter(pc.greater_equal(table.column("shot"), 0)).combine_chunks()
    first = table.filter(pc.equal(table.column("shot"), 0)).sort_by("product_id")
    products = product_table(first)
    return Segment(
        products,
        owners(table.column("product_id"), products),
        np.asarray(table.column("shot").to_numpy(), np.int32),
        matrix(table.column("vector"), dim),
    )


def owners(ids: Any, products: pa.Table) -> NDArray[np.int32]:
    """The row in ``products`` of each id."""
    import pyarrow.compute as pc

    if not len(ids):
        return np.zeros(0, np.int32)
    found = pc.index_in(ids, value_set=products.column("id").combine_chunks())
    if found.null_count:
        raise ValueError("a shot of a product that is not there")
    return np.asarray(found.to_numpy(), np.int32)


def product_table(first: pa.Table) -> pa.Table:
    """The products of the rows of first shots, in their order, with filter columns."""
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


def matrix(column: Any, dim: int) -> NDArray[np.float32]:
    """(rows, dim) of a column of vectors."""
    array = column.combine_chunks() if hasattr(column, "chunks") else column
    flat = array.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, dim)
