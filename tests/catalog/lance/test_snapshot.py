"""Snapshots, damaged and whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetshop.catalog.lance.locks import optimize_lock
from streetshop.catalog.lance.snapshot import listing_digest
from streetshop.catalog.open import open_catalog, restore_snapshot
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogError,
    CatalogExists,
    CatalogMissing,
)
from tests.catalog.conformance import assorted


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
        listing.write_text(listing.read_text().replace('"format": 2', '"format": 3'))
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


def test_a_damaged_catalog_is_not_copied(path: Path, store: Store) -> None:
    store.optimize()
    file = next((path / "g0001").glob("base-*/vectors.f32"))
    content = bytearray(file.read_bytes())
    content[9] ^= 1
    file.write_bytes(content)
    with pytest.raises(CatalogDamaged, match=r"vectors\.f32 was changed"):
        store.snapshot(path.parent / "snapshot")
    assert not (path.parent / "snapshot").exists()


def test_what_a_killed_snapshot_left_is_removed_by_the_next(path: Path, store: Store) -> None:
    target = path.parent / "snapshot"
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from streetshop.catalog.open import open_catalog\n"
        "def die(what, done, of): done == 3 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "open_catalog(sys.argv[1]).snapshot(Path(sys.argv[2]), die)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), str(target)])
    assert done.returncode == -signal.SIGKILL
    assert len(list(path.parent.glob(".snapshot.*"))) == 1
    store.snapshot(target)
    assert list(path.parent.glob(".snapshot.*")) == []


@pytest.fixture
def read_only(path: Path, store: Store) -> Iterator[Path]:
    """The catalog on a read-only file system."""
    store.optimize()
    mount, folder = shutil.which("mount"), path.parent / "read-only"
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a file system")
    folder.mkdir()
    for command in (["--bind", str(path), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
        if subprocess.run([mount, *command], capture_output=True).returncode:
            subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], capture_output=True)
            pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("locks", ["there", "gone"])
def test_a_read_only_catalog_is_verified_and_copied(path: Path, read_only: Path, locks: str, tmp_path: Path) -> None:
    if locks == "gone":
        shutil.rmtree(path / "locks")
    other = open_catalog(str(read_only))
    assert other.verify() == []
    assert other.health() == []
    other.snapshot(tmp_path / "copy")
    assert restore_snapshot(tmp_path / "copy", str(tmp_path / "back.catalog")).count() == 20
    with pytest.raises(CatalogError, match="not allowed") as error:
        other.upsert(assorted(1))
    assert error.value.where == str(read_only)


def test_it_waits_for_optimize_which_removes_files(path: Path, store: Store) -> None:
    lock, order = optimize_lock(path), []
    lock.acquire("optimize")

    def snapshot() -> None:
        store.snapshot(path.parent / "snapshot")
        order.append("snapshot")

    thread = threading.Thread(target=snapshot)
    thread.start()
    thread.join(1.0)
    order.append("released")
    lock.release()
    thread.join()
    assert order == ["released", "snapshot"]
    assert restore_snapshot(path.parent / "snapshot", str(path.parent / "restored.catalog")).count() == 20
