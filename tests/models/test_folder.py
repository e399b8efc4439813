"""Bundles on disk: reading, writing, verifying."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streetshop.core.errors import BundleDamaged, BundleMissing
from streetshop.models import load_encoder
from streetshop.models.folder import file_sha256, read_spec, verify_files, write_spec
from tests.models.tiny import tiny_encoder
from tests.models.tiny_reader import tiny_reader


def test_missing_and_damaged_bundles(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing, match="no bundle here"):
        load_encoder(tmp_path / "none")
    folder = tiny_encoder(tmp_path / "weights")
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(bytes(data))
    with pytest.raises(BundleDamaged, match="checksum"):
        load_encoder(folder)
    (folder / "model.onnx").unlink()
    with pytest.raises(BundleMissing, match="is missing"):
        load_encoder(folder)


def test_specs_that_are_no_json(tmp_path: Path) -> None:
    for content in (b"{", b"\xff\xfe\x00", b"[]"):
        (tmp_path / "bundle.json").write_bytes(content)
        with pytest.raises(BundleDamaged):
            read_spec(tmp_path)


def test_a_bundle_cannot_name_files_outside_itself(tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / "in")
    spec = json.loads((folder / "bundle.json").read_text())
    spec["files"]["../secret"] = "0" * 64
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match="leaves the bundle"):
        load_encoder(folder)


@pytest.mark.parametrize("make", [tiny_encoder, tiny_reader])
def test_a_spec_is_read_back_as_it_was_written(tmp_path: Path, make: object) -> None:
    folder = make(tmp_path)  # type: ignore[operator]
    spec = read_spec(folder)
    before = (folder / "bundle.json").read_bytes()
    write_spec(folder, spec)
    assert (folder / "bundle.json").read_bytes() == before
    assert read_spec(folder) == spec
    verify_files(folder, spec)


def test_the_checksum_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
