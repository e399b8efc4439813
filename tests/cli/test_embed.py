"""``streetshop embed``, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.cli.running import run


def test_embed(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.parquet"
    ran = run("embed", ".", "--out", out, "--encoder", "encoder", "--json", cwd=shop)
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    table = pq.read_table(out)
    assert table.column_names == ["path", "vector"]
    assert table.num_rows == report["vectors"] == 2
    assert table["path"].to_pylist() == ["blue.png", "red.png"]
    vectors = np.array(table["vector"].to_pylist(), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert [refused["path"] for refused in report["refused"]] == ["bad.jpg"]
    assert "bad.jpg" in ran.err
    raw = run("embed", "blue.png", "--out", out, "--encoder", "encoder", "--raw", cwd=shop)
    assert raw.code == 0
    assert np.linalg.norm(pq.read_table(out)["vector"].to_pylist()[0]) == pytest.approx(2**0.5, abs=1e-5)
