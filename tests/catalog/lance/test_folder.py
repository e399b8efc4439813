"""A catalog in a folder: what can be wrong with it, who may write, what a full disk does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.lance import care as lance_care
from streetshop.catalog.lance import files as lance_files
from streetshop.catalog.lance import segment as lance_segment
from streetshop.catalog.store import (
    CatalogMeta,
    Store,
    create_catalog,
    open_catalog,
    restore_snapshot,
)
from streetshop.core.errors import (
    CatalogDamaged,
    CatalogDiskFull,
    CatalogExists,
    CatalogLocked,
    CatalogMissing,
    CatalogUnsupported,
)
from tests.catalog.conformance import META, assorted, entry, found, nearest, unit_vectors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.catalog"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = create_catalog(str(path), META)
    store.upsert(assorted(20))
    yield store
    store.close()


# --- addresses ---


@pytest.mark.parametrize("url", ["milvus://localhost:19530", "MILVUS://x", "http://x/y", "s3://bucket", "", "a\0b"])
def test_addresses_that_are_no_folder(url: str) -> None:
    for use in (open_catalog, lambda u: create_catalog(u, META)):
        with pytest.raises(CatalogUnsupported):
            use(url)


def test_nothing_there(path: Path) -> None:
    with pytest.raises(CatalogMissing, match="streetshop index"):
        open_catalog(str(path))
    path.mkdir()
    with pytest.raises(CatalogMissing):
        open_catalog(str(path), write=True)
    assert list(path.iterdir()) == []


def test_something_else_is_there(path: Path, store: Store) -> None:
    with pytest.raises(CatalogExists):
        create_catalog(str(path), META)
    assert store.count() == 20
    other = path.parent / "photos"
    other.mkdir()
    (other / "a.jpg").write_bytes(b"x")
    with pytest.raises(CatalogExists, match="other things"):
        create_catalog(str(other), META)
    with pytest.raises(CatalogExists):
        create_catalog(str(other / "a.jpg"), META)


def test_creating_one_that_was_cut_short(path: Path) -> None:
    create_catalog(str(path), META).close()
    (path / "catalog.json").unlink()
    with pytest.raises(CatalogDamaged, match=r"catalog\.json is missing"):
        open_catalog(str(path))
    assert create_catalog(str(path), META).count() == 0


# --- damage ---


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\xff\xfe", b"[]", b"{}", b"null", b'{"format": 99}', b'{"format": 1, "blocks": [{"name": 1}]}'],
)
def test_catalog_json_is_garbage(path: Path, store: Store, content: bytes) -> None:
    (path / "catalog.json").write_bytes(content)
    with pytest.raises(CatalogDamaged, match=r"catalog\.json"):
        open_catalog(str(path))
    with pytest.raises(CatalogDamaged):
        store.count()


def test_catalog_json_of_other_vectors(path: Path, store: Store) -> None:
    content = json.loads((path / "catalog.json").read_bytes())
    content["blocks"][0]["dim"] = 25
    (path / "catalog.json").write_text(json.dumps(content))
    with pytest.raises(CatalogDamaged, match="length"):
        open_catalog(str(path)).count()


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


def test_versions_are_missing(path: Path, store: Store) -> None:
    shutil.rmtree(path / "g0001" / "shots.lance" / "_versions")
    with pytest.raises(CatalogDamaged):
        open_catalog(str(path))


@pytest.mark.parametrize("name", ["products.arrow", "owner.npy", "shot.npy", "vectors.f32"])
@pytest.mark.parametrize("damage", ["truncated", "missing", "garbage"])
def test_the_files_that_are_searched_are_damaged(path: Path, store: Store, name: str, damage: str) -> None:
    """They are made from the table, and can be made again: searches go on from the table."""
    query = unit_vectors(1, 3)[0]
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    content = (base / name).read_bytes()
    (base / name).unlink()
    if damage != "missing":
        (base / name).write_bytes(content[: len(content) // 2] if damage == "truncated" else b"x" * 7)
    other = open_catalog(str(path))
    assert found(other, query, 9) == nearest(assorted(20), query, 9)
    assert any("damaged" in finding.what for finding in other.verify())
    other.optimize()
    assert other.verify() == []
    assert found(open_catalog(str(path)), query, 9) == nearest(assorted(20), query, 9)


def test_verify_sees_what_changed_on_the_disk(path: Path, store: Store) -> None:
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    content = bytearray((base / "vectors.f32").read_bytes())
    content[100] ^= 1
    (base / "vectors.f32").write_bytes(content)
    assert [f.what for f in open_catalog(str(path)).verify()] == ["index: what is searched is not what the table holds"]


def test_verify_sees_bad_rows(path: Path) -> None:
    import lancedb

    store = create_catalog(str(path), META)
    store.upsert([entry(name, unit_vectors(2, i)) for i, name in enumerate("abcd")])
    table = lancedb.connect(path / "g0001").open_table("shots")
    table.update(where="product_id = 'a' AND shot = 0", values={"thumbnail": b"\xff\xd8 not a jpeg"})
    table.update(where="product_id = 'b' AND shot = 1", values={"vector": [2.0] * 32})
    table.update(where="product_id = 'c' AND shot = 0", values={"row_hash": "0" * 64})
    table.delete("product_id = 'd' AND shot = 1")
    kinds = sorted({finding.what.split(":")[0] for finding in open_catalog(str(path)).verify()})
    assert kinds == ["product", "shots", "thumbnail", "vector"]


# --- writers ---


def test_another_process_writes(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import fcntl, sys, os\n"
        "f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "f.truncate(0); f.write(str(os.getpid())); f.flush(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path / "locks" / "writer")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setattr(lance_files, "LOCK_WAIT", 0.2)
        for use in (
            lambda: store.upsert(assorted(1)),
            lambda: store.delete(["p0001"]),
            lambda: store.begin_rebuild(META),
            lambda: open_catalog(str(path), write=True),
        ):
            with pytest.raises(CatalogLocked, match=f"process {holder.pid} "):
                use()
        assert open_catalog(str(path)).count() == 20
        holder.kill()
    store.upsert(assorted(21))
    assert store.count() == 21


def test_writers_wait_for_each_other(path: Path, store: Store) -> None:
    others = [open_catalog(str(path), write=True) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda o=o, i=i: [o.upsert([entry(f"w{i}-{j}", unit_vectors(1, j))]) for j in range(5)])
        for i, o in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 35
    assert store.verify() == []


def test_old_generations_go_when_nobody_reads_them(path: Path, store: Store) -> None:
    reader = open_catalog(str(path))
    assert reader.count() == 20
    store.begin_rebuild(CatalogMeta("test 2", "b" * 64, META.blocks)).upsert(assorted(3))
    store.commit_rebuild()
    assert (path / "g0001").exists()
    assert reader.count() == 3
    store.optimize()
    assert not (path / "g0001").exists()
    assert (reader.count(), store.count()) == (3, 3)


# --- speed that users feel ---


def test_a_search_after_optimize_needs_no_lancedb(path: Path, store: Store) -> None:
    store.optimize()
    code = (
        "import sys, numpy as np\n"
        "from streetshop.catalog.store import open_catalog\n"
        "store = open_catalog(sys.argv[1])\n"
        "hits = store.search(store.vectors('p0003')[0], 1)\n"
        "print(hits[0].product_id, store.get(['p0003'])[0].title, 'lancedb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["p0003", "Title", "3", "False"]


def test_importing_the_port_is_light() -> None:
    code = "import sys, streetshop.catalog.store; print({'lancedb', 'pyarrow', 'faiss'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.slow
def test_the_child_process_does_the_work(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance_care, "CHILD_FROM", 0)
    steps: list[str] = []
    store.optimize(lambda what, done, of: steps.append(what))
    assert "copying vectors" in steps
    assert store.info().indexed == store.info().shots
    store.upsert(assorted(2))
    for file in (path / "g0001" / "shots.lance" / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(CatalogDamaged, match="failed while optimizing"):
        store.optimize()


@pytest.mark.slow
def test_the_compressed_vectors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With thresholds so low that they are used: recall, filters at odds with the query, deletes, a second process."""
    monkeypatch.setattr(lance_segment, "FEW", 50)
    monkeypatch.setattr("streetshop.catalog.lance.base.FEW", 50)
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


def test_many_threads_search_at_once(path: Path, store: Store) -> None:
    store.optimize()
    reader, entries = open_catalog(str(path)), assorted(20)
    failures: list[object] = []

    def search() -> None:
        for i in range(40):
            if found(reader, entries[i % 20].vectors[0], 1) != [(entries[i % 20].product.id, 0)]:
                failures.append(i)

    threads = [threading.Thread(target=search) for _ in range(16)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert time.monotonic() - started < 60


# --- snapshots ---


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
        from streetshop.catalog.lance.copy import _digest

        content_of = json.loads(listing.read_text())
        content_of["files"]["../evil"] = [1, "0" * 64]
        content_of["sha256"] = _digest(content_of["files"])
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


# --- a full disk ---


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
    with pytest.raises(CatalogDiskFull, match="no space left"):
        for i in range(200):
            store.upsert([entry(f"p{i:04d}-{j}", unit_vectors(3, i)) for j in range(20)])
            kept += 20
    assert kept
    for use in (lambda: store.optimize(), lambda: store.snapshot(small_disk / "snapshot")):
        with pytest.raises(CatalogDiskFull):
            use()
    other = open_catalog(str(path))
    assert other.count() == store.count() == kept
    assert other.verify() == []
    assert not (small_disk / "snapshot").exists()
