"""What is remembered of fetched pictures."""

from __future__ import annotations

from pathlib import Path

from streetshop.indexing.fetched import Fetched, Validators

FOUND = Validators('"v1"', "Wed, 21 Oct 2015 07:28:00 GMT", "ab" * 32)


def test_validators_are_kept(tmp_path: Path) -> None:
    with Fetched(tmp_path / "fetched.sqlite") as fetched:
        assert fetched.get("https://a.example/1") is None
        fetched.put("https://a.example/1", Validators("old", "", "x"))
        fetched.put("https://a.example/1", FOUND)
        fetched.put("https://a.example/2", Validators("", "", "x"))
    with Fetched(tmp_path / "fetched.sqlite") as fetched:
        assert fetched.get("https://a.example/1") == FOUND
        assert fetched.get("https://a.example/2") is None


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "fetched.sqlite"
    path.write_bytes(b"no database at all " * 100)
    with Fetched(path) as fetched:
        fetched.put("https://a.example/1", FOUND)
    with Fetched(path) as fetched:
        assert fetched.get("https://a.example/1") == FOUND


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    with Fetched(tmp_path / "none" / "fetched.sqlite") as fetched:
        fetched.put("https://a.example/1", FOUND)
        assert fetched.get("https://a.example/1") is None
