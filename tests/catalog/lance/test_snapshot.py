"""Snapshots, damaged and whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from streetshop.catalog.lance.snapshot import listing_digest
from streetshop.catalog.open import restore_snapshot
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogExists,
    CatalogMissing,
)


@pytest.mark.parametrize("damage", ["changed", "truncated", "missing", "added", "listing", "outside", "link"])
def test_a_damaged_snapshot_is_refused(path: Path, store: Store, damage: str) -> None:
    source, target = path.parent / "snapshot", path.parent / "restored.catalog"
    store.optimize()
    store.snapshot(source)
    file = next(source.glob("g0001/base-*/vectors.f32"))
    listing = source / "snapshot.json"
    if damage == "changed":
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    elif damage == "truncated":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "missing":
        file.unlink()
    elif damage == "added":
        (source / "more.txt").write_text("x")
    elif damage == "listing":
        listing.write_text(listing.read_text().replace('"format": 1', '"format": 2'))
    elif damage == "outside":
        content_of = json.loads(listing.read_text())
        content_of["files"]["../evil"] = [1, "0" * 64]
        content_of["sha256"] = listing_digest(content_of["files"])
        listing.write_text(json.dumps(content_of))
    else:
        copy = file.with_name("copy")
        file.rename(copy)
        shutil.copy(copy, path.parent / "elsewhere")
        copy.unlink()
        file.symlink_to(path.parent / "elsewhere")
    with pytest.raises(CatalogDamaged, match="snapshot is damaged"):
        restore_snapshot(source, str(target))
    assert not target.exists()
    assert not list(path.parent.glob(".restored*"))


def test_snapshots_need_a_free_place(path: Path, store: Store) -> None:
    store.snapshot(path.parent / "snapshot")
    with pytest.raises(CatalogExists):
        store.snapshot(path.parent / "snapshot")
    with pytest.raises(CatalogExists):
        restore_snapshot(path.parent / "snapshot", str(path))
    with pytest.raises(CatalogMissing):
        restore_snapshot(path.parent / "nothing", str(path.parent / "new"))
    assert store.count() == 20
