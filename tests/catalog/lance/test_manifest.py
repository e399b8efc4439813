"""Manifests: which files a version needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streetshop.catalog.lance import optimize
from streetshop.catalog.lance.manifest import Manifest, manifest_name, newest_version, read_manifest
from streetshop.catalog.lance.table import open_table, table_folder
from streetshop.catalog.store import Store
from tests.catalog.conformance import assorted


def test_a_version_can_be_read_from_the_files_that_its_manifest_names(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other files are removed, and LanceDB reads every row."""
    monkeypatch.setattr(optimize, "KEYED_FROM", 10)
    store.delete(["p0001"])
    store.optimize()  # with an index of ids
    store.upsert(assorted(25)[18:])
    store.delete(["p0004"])
    table = table_folder(path / "g0001")
    rows = sorted(open_table(path / "g0001").to_arrow().to_pylist(), key=str)
    version = newest_version(table)
    manifest = read_manifest(table, version)
    kept = {*manifest.files, manifest_name(version)}
    assert any(fragment.deletions for fragment in manifest.fragments)
    assert manifest.indexes
    for file in [file for file in table.rglob("*") if file.is_file()]:
        if file.relative_to(table).as_posix() not in kept:
            file.unlink()
    opened = open_table(path / "g0001")
    assert opened.version == version
    assert sorted(opened.to_arrow().to_pylist(), key=str) == rows
    assert opened.search().where("product_id = 'p0002'").to_arrow().num_rows
    assert opened.count_rows() == sum(part.rows for part in manifest.fragments) - _deleted(opened, manifest)
    for name in kept:
        assert (table / name).exists()


def _deleted(table: object, manifest: Manifest) -> int:
    rows = table.search().with_row_id(True).select(["shot"]).to_arrow()  # type: ignore[attr-defined]
    there = set(rows.column("_rowid").to_pylist())
    all_rows = {part.number * 2**32 + i for part in manifest.fragments for i in range(part.rows)}
    assert there <= all_rows
    return len(all_rows - there)


def test_a_corrupt_manifest_is_refused_or_names_files_in_the_table(path: Path, store: Store) -> None:
    table = table_folder(path / "g0001")
    file = table / manifest_name(newest_version(table))
    whole = file.read_bytes()

    @given(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=20), st.integers(0, len(whole)))
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    def check(at: int, change: bytes, end: int) -> None:
        content = whole[:at] + change + whole[at + len(change) :]
        for damaged in (content, content[:end]):
            file.write_bytes(damaged)
            try:
                found = read_manifest(table, newest_version(table))
            except ValueError:
                continue
            assert all(".." not in Path(name).parts and not name.startswith("/") for name in found.files)

    check()
    for position in (2**63, 2**64 - 1, 0, len(whole)):
        file.write_bytes(whole[:-16] + position.to_bytes(8, "little") + whole[-8:])
        with pytest.raises(ValueError, match="is not a manifest"):
            read_manifest(table, newest_version(table))


def test_a_table_without_versions(tmp_path: Path) -> None:
    (tmp_path / "_versions").mkdir()
    assert newest_version(tmp_path) == 0
    with pytest.raises(OSError, match="No such file"):
        read_manifest(tmp_path, 1)
