"""The record of written versions: a table that goes back, an interrupted record, catalogs without one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from streetshop.catalog.lance.manifest import newest_version
from streetshop.catalog.lance.record import RECORD, read_record, write_record
from streetshop.catalog.lance.table import table_folder
from streetshop.catalog.open import create_catalog, open_catalog, restore_snapshot
from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogDamaged, CatalogLocked
from tests.catalog.conformance import META, assorted, entry, unit_vectors


def _back(path: Path, versions: int) -> None:
    """Delete the newest manifests, as a lost or restored part of a disk does."""
    manifests = sorted((path / "g0001" / "shots.lance" / "_versions").glob("*.manifest"))
    for file in manifests[:versions]:
        file.unlink()


@pytest.mark.parametrize("optimized", [False, True])
def test_a_table_that_lost_its_newest_versions_is_refused(path: Path, store: Store, optimized: bool) -> None:
    """Without the record, the old price and the deleted product return."""
    if optimized:
        store.optimize()
    store.upsert([entry("p0001", unit_vectors(1, 7), price=5.0)])
    store.delete(["p0002"])
    reader = open_catalog(str(path))
    assert reader.count() == 19
    _back(path, 2)
    for use in (
        lambda: open_catalog(str(path)),
        lambda: open_catalog(str(path), write=True),
        lambda: reader.get(["p0001"]),
        lambda: reader.search(unit_vectors(1, 1)[0], 3),
        lambda: reader.entries(["p0002"]),
        lambda: reader.health(),
        lambda: store.upsert(assorted(1)),
        lambda: store.optimize(),
    ):
        with pytest.raises(CatalogDamaged, match="later writes are lost"):
            use()


def test_a_write_whose_record_was_not_written_counts(path: Path, store: Store) -> None:
    before = (path / "g0001" / RECORD).read_bytes()
    store.upsert([entry("new", unit_vectors(1, 7))])
    (path / "g0001" / RECORD).write_bytes(before)  # as after a kill between the commit and its record
    other = open_catalog(str(path))
    assert other.count() == 21
    assert other.verify() == []  # and makes up for it
    table = table_folder(path / "g0001")
    assert read_record(path / "g0001").version == newest_version(table)
    other.delete(["new"])
    _back(path, 1)
    with pytest.raises(CatalogDamaged):
        open_catalog(str(path))


def test_every_commit_is_recorded(path: Path, store: Store) -> None:
    def check(generation: str) -> None:
        table = table_folder(path / generation)
        found = read_record(path / generation)
        assert found.version == newest_version(table)
        assert all((table / name).stat().st_size == wanted.size for name, wanted in found.files.items())

    check("g0001")
    store.delete(["p0002"])
    check("g0001")
    store.optimize()
    check("g0001")
    rebuilt = store.begin_rebuild(META)
    check("g0002")
    rebuilt.upsert(assorted(3))
    check("g0002")
    rebuilt.optimize()
    check("g0002")
    store.commit_rebuild()
    store.upsert(assorted(1))
    check("g0002")


def test_a_catalog_of_streetshop_0_1(path: Path, store: Store) -> None:
    """It has no checksums; the first write makes them."""
    store.optimize()
    (path / "g0001" / RECORD).unlink()
    for file, keys in ((path / "catalog.json", ["sha256"]), (path / "g0001" / "base.json", ["sha256", "files"])):
        content = json.loads(file.read_text())
        file.write_text(json.dumps({key: value for key, value in content.items() if key not in keys}))
    other = open_catalog(str(path))
    assert other.health() == []
    assert other.count() == 20
    assert other.info().extra["damage"] is None
    other.upsert([entry("new", unit_vectors(1, 7))])
    assert read_record(path / "g0001").version
    other.optimize()
    assert "files" in json.loads((path / "g0001" / "base.json").read_text())
    assert open_catalog(str(path)).verify() == []


def test_a_lost_or_damaged_record_is_said_and_stops_writes(path: Path, store: Store) -> None:
    """Reads go on: the data is as it was, only nobody watches over it."""
    record = path / "g0001" / RECORD
    content = record.read_bytes()
    for damage in (record.unlink, lambda: record.write_bytes(content.replace(b"data/", b"dato/"))):
        damage()
        other = open_catalog(str(path))
        assert other.count() == 20
        assert [RECORD in finding.what for finding in other.health()] == [True]
        assert RECORD in str(other.info().extra["damage"])
        assert any(RECORD in finding.what for finding in other.verify())
        for use in (lambda o=other: o.upsert(assorted(1)), lambda o=other: o.optimize()):
            with pytest.raises(CatalogDamaged, match=RECORD):
                use()
        record.write_bytes(content)
        assert open_catalog(str(path)).health() == []


WRITER = """
import sys
from streetshop.catalog.open import open_catalog
from streetshop.core.errors import CatalogLocked
from tests.catalog.conformance import entry, unit_vectors

url, name, writes = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_catalog(url)
print("ready", flush=True)
done = 0
while done < writes:
    try:
        store.upsert([entry(f"{name}-{done}", unit_vectors(1, done))])
        if done == 4:
            store.optimize()
        done += 1
    except CatalogLocked:
        pass
"""


def _writer(path: Path, name: str, writes: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(writes)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_a_snapshot_taken_while_others_write_is_whole(path: Path, store: Store, tmp_path: Path) -> None:
    child = _writer(path, "w", 20)
    taken = 0
    while child.poll() is None and taken < 3:
        with suppress(CatalogLocked):
            store.snapshot(tmp_path / f"s{taken}")
            taken += 1
    child.communicate()
    assert taken
    for number in range(taken):
        restored = restore_snapshot(tmp_path / f"s{number}", str(tmp_path / f"r{number}.catalog"))
        assert restored.verify() == []
        assert restored.count() >= 20


def test_several_writers_leave_one_true_record(path: Path, store: Store) -> None:
    for child in [_writer(path, name, 6) for name in "ab"]:
        child.communicate()
        assert child.returncode == 0
    assert read_record(path / "g0001").version == newest_version(table_folder(path / "g0001"))
    assert open_catalog(str(path)).verify() == []
    assert store.count() == 32


def test_a_record_made_anew_takes_the_files_as_they_are(path: Path, store: Store) -> None:
    _back(path, 1)
    with pytest.raises(CatalogDamaged):
        write_record(path, path / "g0001")
    write_record(path, path / "g0001", anew=True)
    assert open_catalog(str(path)).count() == 0
    shutil.rmtree(path)
    create_catalog(str(path), META)


def test_what_killed_writers_left_is_removed_when_the_catalog_is_opened_for_writing(path: Path, store: Store) -> None:
    left = [path / ".catalog.json.0123abcd.part", path / "g0001" / ".checksums.json.89ab0123.part"]
    for file in left:
        file.write_bytes(b"half")
    base = path / "g0001" / ".base-000002.4567cdef.part"
    base.mkdir()
    (base / "owner.npy").write_bytes(b"half")
    open_catalog(str(path)).close()
    assert all(each.exists() for each in (*left, base)), "a reader removes nothing"
    opened = open_catalog(str(path), write=True)
    assert not any(each.exists() for each in (*left, base))
    assert opened.count() == store.count()
    assert opened.verify() == []
