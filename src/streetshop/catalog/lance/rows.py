"""Products as rows of the LanceDB table.

One row is one shot. ``product`` (JSON) and ``row_hash`` stand in the row of shot 0 only. ``stamp`` grows with every
write, so that a reader can ask for what is new; a deleted product leaves one row, shot -1, that tells readers so until
``optimize`` removes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from streetshop.catalog.store import Entry, row_hash
from streetshop.core.records import Product, Shot

if TYPE_CHECKING:
    import pyarrow as pa

GONE: Final = -1
"""The shot number in the row of a deleted product."""
READ: Final = ("product_id", "shot", "stamp", "vector", "row_hash", "product")
"""The columns a reader keeps: all but the thumbnails."""


def table_schema(dim: int) -> pa.Schema:
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
        ]
    )


def entry_rows(entries: Sequence[Entry], stamp: int, schema: pa.Schema) -> pa.Table:
    """The rows of entries."""
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
    arrays = {name: pa.array(values, schema.field(name).type) for name, values in columns.items()}
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def gone_rows(ids: Sequence[str], stamp: int, schema: pa.Schema) -> pa.Table:
    """The rows that say that products were deleted."""
    import pyarrow as pa

    nothing = [0.0] * schema.field("vector").type.list_size  # LanceDB refuses a null
    same = {"shot": GONE, "stamp": stamp, "vector": nothing}
    columns = {"product_id": [*ids]} | {name: [value] * len(ids) for name, value in same.items()}
    arrays = [pa.array(columns.get(field.name, [None] * len(ids)), field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def sql_ids(ids: Iterable[str]) -> str:
    """The condition that the product is one of these."""
    quoted = ("'" + i.replace("'", "''") + "'" for i in ids)
    return f"product_id IN ({', '.join(quoted)})"


def product_json(product: Product) -> str:
    fields = {
        "id": product.id,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "currency": product.currency,
        "url": product.url,
        "in_stock": product.in_stock,
        "attributes": dict(product.attributes),
        "shots": [[shot.source, shot.sha256] for shot in product.shots],
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def product_from_json(text: str) -> Product:
    """Raises ValueError, TypeError, KeyError or RecordError where the text is not a product."""
    fields = json.loads(text)
    fields["shots"] = tuple(Shot(source, sha256) for source, sha256 in fields["shots"])
    return Product(**fields)
