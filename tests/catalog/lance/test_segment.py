"""Segments: exact and approximate search against comparison one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from streetshop.catalog.lance import segment as segments
from streetshop.catalog.lance.codes import compress
from streetshop.catalog.lance.rows import SEARCHED, entry_rows, product_from_json, table_schema, tombstones
from streetshop.catalog.lance.segment import Segment, owners, segment_of
from tests.catalog.conformance import BLOCKS, DIM, assorted, entry, unit_vectors

ENTRIES = assorted(60)


@pytest.fixture
def segment() -> Segment:
    rows = pa.concat_tables(
        [tombstones(["gone"], 1, table_schema(DIM)), entry_rows(ENTRIES[::-1], 1, table_schema(DIM))]
    )
    return segment_of(rows.select(SEARCHED), DIM)


def test_products_are_sorted_and_found(segment: Segment) -> None:
    assert segment.products.column("id").to_pylist() == [e.product.id for e in ENTRIES]
    for row, e in enumerate(ENTRIES):
        assert segment.find(e.product.id) == row
        assert product_from_json(segment.product_json(row)) == e.product
        shots = np.flatnonzero(segment.owner == row)
        np.testing.assert_array_equal(segment.vectors[shots], e.vectors[segment.shot[shots]])
    assert [segment.find(name) for name in ("", "gone", "p", "z")] == [None] * 4


def test_a_shot_without_its_product_is_an_error(segment: Segment) -> None:
    assert owners(pa.chunked_array([["p0001", "p0000"]]), segment.products).tolist() == [1, 0]
    with pytest.raises(ValueError, match="not there"):
        owners(pa.chunked_array([["gone"]]), segment.products)


@pytest.mark.parametrize("k", [1, 5, 1000])
@pytest.mark.parametrize("share", [None, 0.3, 0.0])
def test_exact_search_finds_the_best(segment: Segment, k: int, share: float | None) -> None:
    passing = None if share is None else np.random.default_rng(1).random(len(segment.vectors)) < share
    query = unit_vectors(1, 99)[0]
    scores = np.where(True if passing is None else passing, segment.vectors @ query, -np.inf)
    best = [int(at) for at in np.argsort(-scores)[:k] if scores[at] > -np.inf]
    chosen, found = segment.nearest(query, k, passing, True)
    np.testing.assert_allclose(found, segment.vectors[chosen] @ query, atol=1e-6)
    assert {*best} <= {*chosen.tolist()}
    assert passing is None or passing[chosen].all()


def test_ties_with_the_last_are_all_candidates() -> None:
    same = np.repeat(unit_vectors(1, 5), 3, axis=0)
    table = entry_rows([entry(name, same) for name in "abc"], 1, table_schema(DIM))
    assert len(segment_of(table, DIM).nearest(same[0], 2, None, True)[0]) == 9


def test_compressed_vectors_choose_what_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "FEW", 50)
    entries = [entry(f"p{i:04d}", unit_vectors(1, i)) for i in range(3000)]
    whole = segment_of(entry_rows(entries, 1, table_schema(DIM)), DIM)
    codes, recall = compress(whole, BLOCKS, lambda what, done, of: None)
    assert recall > 0.97
    compressed = Segment(whole.products, whole.owner, whole.shot, whole.vectors, codes)
    query = unit_vectors(1, 1)[0]
    chosen, scores = compressed.nearest(query, 20, None, False)
    assert len(chosen) < 1000
    assert int(chosen[scores.argmax()]) == 1
    # A filter at odds with the query: only the farthest tenth passes, and all of it is compared.
    passing = np.zeros(3000, bool)
    passing[np.argsort(whole.vectors @ query)[:300]] = True
    best = int(np.argmax(np.where(passing, whole.vectors @ query, -np.inf)))
    assert best in compressed.nearest(query, 1, passing, False)[0]
