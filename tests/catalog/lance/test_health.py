"""The cheap check that servers call."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.catalog.lance import checksums, health
from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogDamaged
from tests.catalog.conformance import META, assorted, entry, found, nearest, unit_vectors


@pytest.mark.parametrize("damage", ["missing", "shorter"])
def test_data_files_are_gone(path: Path, store: Store, damage: str) -> None:
    """Though the index still answers searches, thumbnails and the next write would fail."""
    store.optimize()
    other = open_catalog(str(path))
    assert other.health() == []
    for file in (path / "g0001" / "shots.lance" / "data").iterdir():
        if damage == "missing":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:-1])
    for one in (other, open_catalog(str(path))):
        with pytest.raises(CatalogDamaged, match="data/"):
            one.health()
    with pytest.raises(CatalogDamaged):
        open_catalog(str(path)).thumbnail("p0001")


def test_content_is_compared_little_by_little(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bit in the middle of a large file, which opening does not see, is found by and by; searches go on rightly."""
    monkeypatch.setattr(checksums, "SMALL", 100)
    monkeypatch.setattr(checksums, "EDGE", 16)
    monkeypatch.setattr(health, "STEP", 3000)
    monkeypatch.setattr(health, "CHUNK", 1000)
    store = create_catalog(str(path), META)
    store.upsert(assorted(20))
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    content = bytearray((base / "vectors.f32").read_bytes())
    content[2001] ^= 64
    (base / "vectors.f32").write_bytes(content)
    other = open_catalog(str(path))
    assert other.health() == []
    findings = [other.health() for _ in range(60)]
    assert findings[-1]
    assert "vectors.f32 was changed" in findings[-1][0].what
    query = unit_vectors(1, 3)[0]
    assert found(other, query, 9) == nearest(assorted(20), query, 9)
    assert "vectors.f32" in str(other.info().extra["damage"])
    other.optimize()
    assert other.health() == []
    assert other.info().extra["damage"] is None


def test_a_changed_data_file_is_found_by_and_by(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "SMALL", 100)
    other = open_catalog(str(path))
    assert other.count() == 20
    file = max((path / "g0001" / "shots.lance" / "data").iterdir(), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CatalogDamaged, match="was changed"):
        [other.health() for _ in range(10)]


def test_writes_and_rebuilds_are_healthy(path: Path, store: Store) -> None:
    other = open_catalog(str(path))
    for i in range(6):
        store.upsert([entry(f"n{i}", unit_vectors(1, i))])
        if i == 2:
            store.optimize()
        if i == 4:
            store.begin_rebuild(META).upsert(assorted(3))
            store.commit_rebuild()
        for _ in range(3):
            assert other.health() == []
    assert other.count() == 4
