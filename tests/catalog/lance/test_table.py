"""The LanceDB table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lancedb
import pytest

from streetshop.catalog.lance import table
from streetshop.catalog.lance.rows import entry_rows
from tests.catalog.conformance import DIM, entry, unit_vectors


def test_products_are_replaced_in_one_commit(tmp_path: Path) -> None:
    table.create_table(tmp_path / "g0001", DIM)
    opened = table.open_table(tmp_path / "g0001")
    before = opened.version
    for vectors in (unit_vectors(3, 1), unit_vectors(1, 2)):
        rows = entry_rows([entry("it's", vectors)], table.next_stamp(opened), opened.schema)
        table.replace_products(opened, ["it's"], rows)
    assert opened.version == before + 2
    assert opened.count_rows() == 1
    assert table.read_rows(opened, ["product_id", "shot"]).to_pylist() == [{"product_id": "it's", "shot": 0}]


def test_more_products_than_one_condition_holds(tmp_path: Path) -> None:
    table.create_table(tmp_path / "g0001", DIM)
    opened = table.open_table(tmp_path / "g0001")
    names = [f"p{i}" for i in range(1100)]
    vectors = unit_vectors(1, 1)
    table.replace_products(opened, names, entry_rows([entry(n, vectors) for n in names], 1, opened.schema))
    parts = list(table.read_products(opened, ["product_id"], names[:1050], "shot = 0"))
    assert len(parts) == 3
    assert {name for part in parts for name in part.column("product_id").to_pylist()} == {*names[:1050]}


def test_ids_are_quoted() -> None:
    assert table.sql_ids(["a", "it's"]) == "product_id IN ('a', 'it''s')"


def test_caches_are_bounded_however_much_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[lancedb.Session] = []
    connect = lancedb.connect

    def watched(uri: Path, *, session: lancedb.Session) -> Any:
        sessions.append(session)
        return connect(uri, session=session)

    monkeypatch.setattr(lancedb, "connect", watched)
    monkeypatch.setattr(table, "CACHE_BYTES", 100_000)
    table.create_table(tmp_path / "g0001", DIM)
    opened = table.open_table(tmp_path / "g0001")
    for number in range(40):
        rows = entry_rows([entry(f"p{number}", unit_vectors(1, number))], table.next_stamp(opened), opened.schema)
        table.replace_products(opened, [f"p{number}"], rows)
    assert 0 < sessions[-1].size_bytes <= 2 * 100_000
