"""Search with compressed vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.lance import sealed, segment
from streetshop.catalog.open import create_catalog, open_catalog
from tests.catalog.conformance import META, entry, found, nearest, unit_vectors


@pytest.mark.slow
def test_the_compressed_vectors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With thresholds so low that they are used: recall, filters at odds with the query, deletes, a second process."""
    monkeypatch.setattr(segment, "FEW", 50)
    monkeypatch.setattr(sealed, "FEW", 50)
    entries = [
        entry(f"p{i:04d}", unit_vectors(1, i), {"third": float(i % 3), "serial": float(i % 150)}) for i in range(3000)
    ]
    store = create_catalog(str(path), META)
    store.upsert(entries)
    store.optimize()
    recall = store.info().recall
    assert recall is not None
    assert recall > 0.97
    assert list((path / "g0001").glob("base-*/codes.faiss"))
    store.delete([f"p{i:04d}" for i in range(0, 3000, 5)])
    left = [e for i, e in enumerate(entries) if i % 5]
    for one in (store, open_catalog(str(path))):
        right = total = 0
        for seed in range(30):
            query = unit_vectors(1, 5000 + seed)[0] * np.repeat([1.0, seed % 3 / 2], [24, 8]).astype(np.float32)
            for text in ("", "third = 1", "serial = 7"):
                where = parse_filter(text, one.fields()) if text else None
                near, true = found(one, query, 20, where), nearest(left, query, 20, where)
                assert found(one, query, 20, where) == near
                assert not {name for name, _ in near} & {f"p{i:04d}" for i in range(0, 3000, 5)}
                right, total = right + len({*near} & {*true}), total + len(true)
                assert [(h.product_id, h.shot) for h in one.search(query, 20, where, exact=True)] == true
        assert right / total > 0.97
