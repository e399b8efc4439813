"""The file of stored looks."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.catalog.looks import LOOKS_FILE, LookRow, StoredLooks
from streetshop.core.errors import CatalogDamaged

ROW = LookRow("a", "hash", "{}", b"\x00\x01", "now", "[]")


def test_looks_are_kept_replaced_and_removed(tmp_path: Path) -> None:
    looks = StoredLooks(tmp_path / "looks")
    assert looks.get("a") is None
    assert looks.ids() == []
    assert not looks.path.exists()
    looks.put([])
    assert not looks.path.exists()
    looks.put([ROW, replace(ROW, product_id="b'\"; --")])
    assert looks.get("a") == ROW
    assert looks.ids() == ["a", "b'\"; --"]
    looks.put([replace(ROW, matched="later")], ["b'\"; --", "never"])
    assert looks.get("a") == replace(ROW, matched="later")
    assert looks.ids() == ["a"]


def test_they_are_beside_the_catalog(tmp_path: Path) -> None:
    assert StoredLooks.beside(str(tmp_path)).path == tmp_path / LOOKS_FILE


def test_another_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    looks = StoredLooks(tmp_path / "looks")
    looks.path.write_bytes(b"something else" * 100)
    for call in (lambda: looks.get("a"), looks.ids, lambda: looks.put([ROW])):
        with pytest.raises(CatalogDamaged, match="Delete the file"):
            call()


def test_rows_of_another_version_count_as_none_and_are_replaced(tmp_path: Path) -> None:
    looks = StoredLooks(tmp_path / "looks")
    looks.put([ROW])
    with sqlite3.connect(looks.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert looks.get("a") is None
    assert looks.ids() == []
    looks.put([replace(ROW, product_id="b")])
    assert looks.ids() == ["b"]


def test_readers_and_a_writer_at_once(tmp_path: Path) -> None:
    looks = StoredLooks(tmp_path / "looks")
    looks.put([ROW])
    failed: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert looks.get("a") == ROW
        except Exception as error:  # told below
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        looks.put([replace(ROW, product_id=str(number))])
    for thread in threads:
        thread.join()
    assert not failed
    assert len(looks.ids()) == 21
