"""The words of products: a full-text index of LanceDB for each segment.

The index of the sealed segment is written by ``optimize``; that of a segment in memory is made at the first search with
words. Words are cut by Unicode's rules (ICU), which needs no language and also cuts Chinese and Japanese; upper case
and accents do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import fold
from streetshop.catalog.lance import rows
from streetshop.core.records import Product

if TYPE_CHECKING:
    import pyarrow as pa

_NAME: Final = "words"
_STEP: Final = 8192
"""Products read at a time."""


def words_of(product: Product) -> str:
    """The words of a product: title, category, brand, kind, attributes, and the names of those that are true."""
    values = product.attributes.items()
    attributes = [
        name if value is True else f"{value:g}" if isinstance(value, float) else value for name, value in values
    ]
    texts = [product.title, product.category, product.brand, product.kind, *(a for a in attributes if a is not False)]
    return fold(" ".join(str(text) for text in texts if text)).replace("_", " ")


class WordIndex:
    """A full-text index of the products of a segment.

    Args:
        products: see ``Segment.products``.
        folder: that ``write`` filled; None to make the index in memory.
    """

    def __init__(self, products: pa.Table, folder: Path | None = None) -> None:
        self._products = products
        self._table: Any = None
        self._stored = folder is not None and (folder / f"{_NAME}.lance").is_dir()
        if self._stored:
            try:
                self._table = _connect(str(folder)).open_table(_NAME)
            except (OSError, ValueError, RuntimeError):
                self._stored = False
        if not self._stored:
            self._table = _create("memory://", products)

    def scores(self, word: str, edits: int = 0) -> NDArray[np.float32]:
        """How well products match a word.

        Args:
            word: of a query; one that Unicode's rules cut into several, such as ``t-shirt``, matches products that
                have all of them.
            edits: the most letters by which a word of a product may differ; the first letter must be right.

        Returns:
            (products,) BM25, 0 for products without the word.
        """
        try:
            return self._scores(word, edits)
        except (OSError, ValueError, RuntimeError):
            if not self._stored:
                raise
            # ``optimize`` has removed the files meanwhile; the products are still mapped.
            self._table, self._stored = _create("memory://", self._products), False
            return self._scores(word, edits)

    def _scores(self, word: str, edits: int) -> NDArray[np.float32]:
        from lancedb.query import FullTextOperator, MatchQuery

        found = np.zeros(len(self._products), np.float32)
        if not len(found):
            return found
        query = MatchQuery(
            fold(word), "words", operator=FullTextOperator.AND, fuzziness=edits, prefix_length=1 if edits else 0
        )
        search = self._table.search(query, query_type="fts").select(["row", "_score"]).limit(len(found))
        hits = search.to_arrow()
        found[hits.column("row").to_numpy()] = hits.column("_score").to_numpy()
        return found


def write(folder: Path, products: pa.Table) -> None:
    """Write the index of a segment's products into a folder."""
    _create(str(folder), products)


def _create(address: str, products: pa.Table) -> Any:
    import pyarrow as pa
    from lancedb.index import FTS

    schema = pa.schema([pa.field("row", pa.int64()), pa.field("words", pa.large_utf8())])
    table = _connect(address).create_table(_NAME, schema=schema)
    if len(products):
        table.add(pa.RecordBatchReader.from_batches(schema, _batches(products, schema)))
        config = FTS(base_tokenizer="icu", stem=False, remove_stop_words=False, max_token_length=None)
        table.create_index("words", config=config)
    return table


def _batches(products: pa.Table, schema: pa.Schema) -> Iterable[pa.RecordBatch]:
    import pyarrow as pa

    start = 0
    for batch in products.select(["product"]).to_batches(max_chunksize=_STEP):
        texts = [words_of(rows.product_from_json(text)) for text in batch.column("product").to_pylist()]
        numbers = np.arange(start, start + len(texts))
        start += len(texts)
        yield pa.RecordBatch.from_arrays([pa.array(numbers), pa.array(texts, pa.large_utf8())], schema=schema)


def _connect(address: str) -> Any:
    import lancedb

    return lancedb.connect(address)
