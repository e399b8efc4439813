"""Features on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streetshop.lab.curate.store import RECORD, FeatureStore


def test_the_store_keeps_what_was_appended(tmp_path: Path) -> None:
    class Encoder:
        name, fingerprint, dim, spec = "e", "f", 3, None

    store = FeatureStore(tmp_path, Encoder())  # type: ignore[arg-type]
    records = np.zeros(2, RECORD)
    records["key"] = np.arange(32, dtype=np.uint8).reshape(2, 16).view("V16").ravel()
    thumbnails = np.arange(2 * 48 * 48 * 3, dtype=np.int64).astype(np.uint8).reshape(2, 48, 48, 3)
    store.append(np.arange(6, dtype=np.float32).reshape(2, 3), thumbnails, records)
    again = FeatureStore(tmp_path)
    assert len(again) == 2
    assert again.place(bytes(range(16, 32))) == 1
    assert again.place(b"other") is None
    assert again.vectors.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (again.thumbnails == thumbnails).all()
