"""The port itself: checks and hashes. What a store promises is in ``conformance``."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from streetshop.catalog.store import check_encoder, check_entries, check_query, row_hash, split_blocks
from streetshop.core.errors import CatalogEncoderMismatch, RecordError, VectorError
from streetshop.core.records import Shot
from tests.catalog.conformance import BLOCKS, DIM, META, assorted, entry, unit_vectors


def test_importing_the_port_is_light() -> None:
    code = "import sys, streetshop.catalog.open; print({'lancedb', 'pyarrow', 'faiss'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_hash_of_all_fields_but_not_of_pictures() -> None:
    product = assorted(1)[0].product
    assert row_hash(product) == row_hash(replace(product, shots=tuple(Shot(s.source) for s in product.shots)))
    for change in ({"title": "x"}, {"price": 1.0}, {"attributes": {}}, {"shots": (Shot("other.jpg"),)}):
        assert row_hash(replace(product, **change)) != row_hash(product)  # type: ignore[arg-type]


def test_entries_are_checked() -> None:
    good = entry("a", unit_vectors(2, 1))
    assert check_entries([entry("a", unit_vectors(1, 2)), good], BLOCKS) == [good]
    for bad in (unit_vectors(2, 1)[:, 1:], unit_vectors(2, 1) * 2, np.full((2, DIM), np.nan, np.float32)):
        with pytest.raises(VectorError, match="product 'a'"):
            check_entries([entry("a", bad)], BLOCKS)
    with pytest.raises(RecordError, match="2 shots"):
        check_entries([replace(good, thumbnails=(b"",))], BLOCKS)


def test_queries_are_checked() -> None:
    query = unit_vectors(1, 1)[0]
    assert check_query(query.astype(np.float64), DIM).dtype == np.float32
    for bad in (query[1:], query * np.float32(np.inf), query * 0):
        with pytest.raises(VectorError):
            check_query(bad, DIM)


def test_encoders_are_told_apart_by_fingerprint() -> None:
    check_encoder(META, META.fingerprint)
    with pytest.raises(CatalogEncoderMismatch, match="streetshop index FEED --catalog c --rebuild"):
        check_encoder(META, "b" * 64, "c")


def test_blocks_of_a_vector_and_of_many() -> None:
    vectors = unit_vectors(5, 1)
    one, many = split_blocks(vectors[0], BLOCKS), split_blocks(vectors.T, BLOCKS)
    assert {name: len(part) for name, part in one.items()} == {"style": 24, "colour": 8}
    np.testing.assert_array_equal(many["colour"][:, 0], one["colour"])
