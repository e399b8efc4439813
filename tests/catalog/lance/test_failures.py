"""A corrupt table and a full disk end in typed errors, and lose nothing."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetshop.catalog.lance.failures import typed_errors
from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogDiskFull,
    CatalogError,
)
from tests.catalog.conformance import META, assorted, entry, unit_vectors


def test_the_table_is_damaged(path: Path, store: Store) -> None:
    for damage in ("truncated", "missing", "zeros"):
        copy = path.parent / f"{damage}.catalog"
        shutil.copytree(path, copy)
        for file in (copy / "g0001" / "shots.lance" / "data").iterdir():
            size = file.stat().st_size
            if damage == "missing":
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[: size // 3] if damage == "truncated" else bytes(size))
        broken = open_catalog(str(copy))
        for use in (
            lambda s: s.search(unit_vectors(1, 1)[0], 3),
            lambda s: s.get(["p0001"]),
            lambda s: s.thumbnail("p0001"),
            lambda s: s.upsert(assorted(3)),
            lambda s: s.optimize(),
        ):
            with pytest.raises(CatalogDamaged):
                use(broken)
        assert [finding.what.split(":")[0] for finding in broken.verify()] == ["unreadable"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EFBIG, "File too large"),
        RuntimeError("lance error: LanceError(IO): File too large (os error 27)"),
    ],
    ids=["Python", "LanceDB"],
)
def test_a_limit_of_file_sizes_is_no_damaged_catalog(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(CatalogDiskFull, match="a file may not grow"), typed_errors(tmp_path, "writing"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "Input/output error"),
        RuntimeError("lance error: LanceError(IO): Input/output error (os error 5) at path x"),
    ],
    ids=["Python", "LanceDB"],
)
def test_a_failing_disk_is_no_damaged_catalog(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(CatalogError, match="the disk failed while writing") as caught,
        typed_errors(tmp_path, "writing"),
    ):
        raise error
    assert not isinstance(caught.value, CatalogDamaged)
    assert "acknowledged" in caught.value.hint


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small file system")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "shop.catalog"
    store, kept = create_catalog(str(path), META), 0

    def fill() -> None:
        nonlocal kept
        for i in range(200):
            store.upsert([entry(f"p{i:04d}-{j}", unit_vectors(3, i)) for j in range(20)])
            kept += 20

    with pytest.raises(CatalogDiskFull, match="no space left"):
        fill()
    assert kept
    for use in (lambda: store.optimize(), lambda: store.snapshot(small_disk / "snapshot")):
        with pytest.raises(CatalogDiskFull):
            use()
    other = open_catalog(str(path))
    assert other.count() == store.count() == kept
    assert other.verify() == []
    assert not (small_disk / "snapshot").exists()


def test_a_path_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "shop.catalog", tmp_path / ("x" * 300)):
        with pytest.raises(CatalogError, match="Give another folder"):
            create_catalog(str(path), META)
