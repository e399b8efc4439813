from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate import PROTOCOLS, evaluate, protocol_named, roles

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Sample(f"{d}{i}", d, f"p{i}", f"c{i % 2}", "test") for d in ("street", "shop") for i in range(30)]
    manifest = Manifest.from_rows(rows, tmp_path)
    manifest.write(tmp_path / "pairs.parquet")
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    protocol = protocol_named("street-to-shop")
    sides = roles(manifest, protocol)
    other = evaluate(manifest, protocol, -vectors[sides.query], vectors[sides.gallery])
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {"vectors": vectors, "other": other})
    assert manifest.fingerprint in capsys.readouterr().out
    assert (tmp_path / "a.parquet").exists()


def test_the_page_names_every_protocol() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in PROTOCOLS if f"`{name}`" not in text] == []
