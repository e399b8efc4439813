"""Checksums of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.catalog.lance import checksums
from streetshop.catalog.lance.checksums import (
    checksum_of,
    difference,
    file_stamp,
    pack,
    parse_checked,
    unpack,
    write_checked,
)


def test_every_flipped_bit_is_a_difference(tmp_path: Path) -> None:
    file = tmp_path / "file"
    content = bytes(range(100))
    file.write_bytes(content)
    wanted = checksum_of(file)
    assert difference(file, wanted, whole=True) == ""
    for at in range(100):
        for bit in range(8):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            file.write_bytes(changed)
            assert difference(file, wanted, whole=False) == "was changed"
    file.write_bytes(content[:-1])
    assert difference(file, wanted, whole=False) == "has 99 bytes, not 100"
    file.unlink()
    assert difference(file, wanted, whole=False) == "is missing"
    file.mkdir()
    assert difference(file, wanted, whole=False)


def test_of_a_large_file_the_edges_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "SMALL", 1000)
    file, size = tmp_path / "file", 300_000
    content = bytearray(size)
    file.write_bytes(content)
    wanted = checksum_of(file)
    for at, seen in ((0, True), (65_000, True), (size // 2, False), (size - 65_000, True), (size - 1, True)):
        content[at] = 1
        file.write_bytes(content)
        assert bool(difference(file, wanted, whole=False)) == seen
        assert difference(file, wanted, whole=True) == "was changed"
        content[at] = 0


def test_json_that_holds_its_checksum(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    content = {"format": 1, "text": "Größe", "files": {"a": [1, "b", "c"]}}
    write_checked(file, content)
    text = file.read_bytes()
    assert parse_checked(text) == (content, True)
    assert parse_checked(b'{"format": 1}') == ({"format": 1}, False)
    for at in range(len(text)):
        for bit in range(8):
            changed = bytearray(text)
            changed[at] ^= 1 << bit
            try:
                found, checked = parse_checked(bytes(changed))
            except ValueError:
                continue
            # Only a changed name of the checksum passes, as a key that nobody knows.
            assert not checked
            assert found.keys() - content.keys()
    for bad in (b"", b"[]", b"null", json.dumps({**content, "sha256": "0" * 64}).encode()):
        with pytest.raises(ValueError, match=r"."):
            parse_checked(bad)


def test_checksums_as_json(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    files = {"a": checksum_of(tmp_path / "a")}
    assert unpack(json.loads(json.dumps(pack(files)))) == files


def test_a_stamp_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert file_stamp(file) is None
    write_checked(file, {})
    first = file_stamp(file)
    assert first == file_stamp(file)
    write_checked(file, {})
    assert first != file_stamp(file)
