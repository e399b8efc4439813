"""Products as rows of the LanceDB table.

One row is one shot. ``product`` (JSON) and ``row_hash`` are in the row of shot 0 only. ``stamp`` grows with each write,
so that a reader can ask for later rows. A deleted product leaves a tombstone, a row with shot -1, until ``optimize``
removes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import Entry, row_hash
from streetshop.core.records import Prediction, Product, Remark, Shot, Vector

if TYPE_CHECKING:
    import pyarrow as pa

TOMBSTONE: Final = -1
"""The shot number of a tombstone."""
SEARCHED: Final = ("product_id", "shot", "stamp", "vector", "row_hash", "product")
"""The columns that a search needs: all but the thumbnails."""
DIGESTED: Final = ("product_id", "shot", "thumbnail", "row_hash", "product")
"""The columns, besides the vector, that the digest of a row is of."""


def table_schema(dim: int) -> pa.Schema:
    """The columns of the table, for vectors of length ``dim``."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("product_id", pa.utf8(), nullable=False),
            pa.field("shot", pa.int32(), nullable=False),
            pa.field("stamp", pa.int64(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dim)),
            pa.field("thumbnail", pa.binary()),
            pa.field("row_hash", pa.utf8()),
            pa.field("product", pa.utf8()),
            pa.field("digest", pa.binary()),  # absent in tables of streetshop 0.1
        ]
    )


def written(entries: Sequence[Entry], removed: Sequence[str], stamp: int, schema: pa.Schema) -> pa.Table:
    """The rows of one write: those of ``entries``, and the tombstones of the products ``removed``."""
    import pyarrow as pa

    parts = [entry_rows(entries, stamp, schema)] if entries else []
    return pa.concat_tables([*parts, tombstones(removed, stamp, schema)])


def entry_rows(entries: Sequence[Entry], stamp: int, schema: pa.Schema) -> pa.Table:
    """The rows of entries, one per shot."""
    import pyarrow as pa

    places = [(entry, shot) for entry in entries for shot in range(len(entry.vectors))]
    vectors = np.concatenate([entry.vectors for entry in entries]).astype(np.float32, copy=False)
    columns: dict[str, Any] = {
        "product_id": [entry.product.id for entry, _ in places],
        "shot": [shot for _, shot in places],
        "stamp": [stamp] * len(places),
        "thumbnail": [entry.thumbnails[shot] or None for entry, shot in places],
        "row_hash": [None if shot else row_hash(entry.product) for entry, shot in places],
        "product": [None if shot else product_json(entry.product) for entry, shot in places],
    }
    if "digest" in schema.names:
        cells = zip(*(columns[name] for name in DIGESTED), strict=True)
        columns["digest"] = [row_digest(fields, vector) for fields, vector in zip(cells, vectors, strict=True)]
    arrays = {name: pa.array(values, schema.field(name).type) for name, values in columns.items()}
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def row_digest(fields: Sequence[Any], vector: Vector) -> bytes:
    """SHA-256 of what a row says, whatever file it is in: ``repair`` keeps rows of a damaged file by it.

    Args:
        fields: the values of the columns ``DIGESTED``.
        vector: (dim,) float32.
    """
    found = hashlib.sha256()
    for value in (*fields, vector.astype("<f4", copy=False).tobytes()):
        part = value if isinstance(value, bytes) else str("" if value is None else value).encode()
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def sound_rows(part: pa.RecordBatch | pa.Table, dim: int) -> list[bool | None]:
    """For each row whether it is what was written; None if it has no digest."""
    if "digest" not in part.schema.names:
        return [None] * len(part)
    cells = zip(*(part.column(name).to_pylist() for name in DIGESTED), strict=True)
    vectors, wanted = matrix(part.column("vector"), dim), part.column("digest").to_pylist()
    return [
        None if digest is None else row_digest(fields, vector) == digest
        for fields, vector, digest in zip(cells, vectors, wanted, strict=True)
    ]


def tombstones(ids: Sequence[str], stamp: int, schema: pa.Schema) -> pa.Table:
    """The tombstones of deleted products."""
    import pyarrow as pa

    nothing = [0.0] * schema.field("vector").type.list_size  # LanceDB refuses a null
    same = {"shot": TOMBSTONE, "stamp": stamp, "vector": nothing}
    columns = {"product_id": [*ids]} | {name: [value] * len(ids) for name, value in same.items()}
    arrays = [pa.array(columns.get(field.name, [None] * len(ids)), field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def matrix(column: Any, dim: int) -> NDArray[np.float32]:
    """(rows, dim) vectors of an Arrow column."""
    array = column.combine_chunks() if hasattr(column, "chunks") else column
    flat = array.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, dim)


def entries_of(table: pa.Table, dim: int) -> Iterator[Entry]:
    """The entries of rows with all columns; the inverse of ``entry_rows``."""
    table = table.sort_by([("product_id", "ascending"), ("shot", "ascending")])
    vectors = matrix(table.column("vector"), dim)
    thumbnails = [value or b"" for value in table.column("thumbnail").to_pylist()]
    texts = table.column("product").to_pylist()
    starts = [i for i, shot in enumerate(table.column("shot").to_pylist()) if shot == 0]
    for start, end in zip(starts, [*starts, len(texts)][1:], strict=True):
        yield Entry(product_from_json(texts[start]), vectors[start:end], tuple(thumbnails[start:end]))


def product_json(product: Product) -> str:
    """A product as it is stored in the column ``product``."""
    fields: dict[str, Any] = {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "url": product.url,
        "in_stock": product.in_stock,
        "attributes": dict(product.attributes),
        "shots": [
            [shot.source, shot.sha256] if shot.tags is None else [shot.source, shot.sha256, shot.tags]
            for shot in product.shots
        ],
    }
    if product.kind:
        fields.update(
            kind=product.kind, kind_source=product.kind_source, kind_probability=round(product.kind_probability, 4)
        )
    if product.design:
        fields["design"] = product.design
    if product.predicted:
        fields["predicted"] = {name: [each.value, each.probability] for name, each in product.predicted.items()}
    if product.remarks:
        fields["remarks"] = [[each.column, each.value, each.reason] for each in product.remarks]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def product_from_json(text: str) -> Product:
    """The inverse of ``product_json``.

    Raises:
        ValueError, TypeError, KeyError, RecordError: the text is not a product.
    """
    fields = json.loads(text)
    fields["shots"] = tuple(Shot(*shot) for shot in fields["shots"])
    if "predicted" in fields:
        fields["predicted"] = {name: Prediction(*each) for name, each in fields["predicted"].items()}
    if "remarks" in fields:
        fields["remarks"] = tuple(Remark(*each) for each in fields["remarks"])
    return Product(**fields)
