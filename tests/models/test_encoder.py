"""Encoder bundles: loading, verifying, running."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import BundleDamaged, BundleError, BundleMissing
from streetshop.core.records import GarmentPicture
from streetshop.models import Encoder, load_encoder
from streetshop.models.folder import read_spec
from streetshop.models.spec import EncoderSpec, fingerprint
from tests.models.tiny import tiny_encoder


def pictures(n: int, seed: int = 0) -> list[GarmentPicture]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(40, 120, size=(n, 2))
    return [
        GarmentPicture(np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((h // 8 + 1, w // 8 + 1, 1))).astype(np.uint8))
        for h, w in sizes
    ]


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder(threads=1)


def test_the_shipped_encoder_is_whole(shipped: Encoder) -> None:
    assert shipped.dim == sum(block.dim for block in shipped.blocks) <= 256
    assert [block.name for block in shipped.blocks][:2] == ["style", "colour"]
    assert (shipped.folder / "card.md").stat().st_size > 200


@pytest.mark.parametrize("kind", ["tiny", "shipped"])
def test_one_picture_gives_one_vector_whatever_the_batch(kind: str, tmp_path: Path, shipped: Encoder) -> None:
    encoder = shipped if kind == "shipped" else load_encoder(tiny_encoder(tmp_path))
    prepared = [encoder.prepare(picture) for picture in pictures(40 if kind == "tiny" else 9)]
    batch = encoder.encode(prepared)
    single = np.concatenate([encoder.encode([item]) for item in prepared])
    assert batch.dtype == np.float32
    assert batch.shape == (len(prepared), encoder.dim)
    assert (batch == single).all(), "bit for bit"
    start = 0
    for block in encoder.blocks:
        norms = np.linalg.norm(batch[:, start : start + block.dim], axis=1)
        assert norms == pytest.approx(np.ones(len(prepared)), abs=1e-5)
        start += block.dim


def test_thread_count_changes_nothing_that_matters(shipped: Encoder) -> None:
    prepared = [shipped.prepare(picture) for picture in pictures(3)]
    two = load_encoder(threads=2)
    assert np.abs(shipped.encode(prepared) - two.encode(prepared)).max() < 1e-5


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_vector_however_many_threads(threads: int, shipped: Encoder) -> None:
    encoder = load_encoder(threads=threads)
    rng = np.random.default_rng(0)
    prepared = []
    for i in range(7):
        pixels = np.kron(rng.integers(0, 255, (6, 5, 3)), np.ones((20, 20, 1))).astype(np.uint8)
        mask = np.zeros(pixels.shape[:2], np.float32)
        mask[15:100, 20:75] = 1
        prepared.append(encoder.prepare(GarmentPicture(pixels, mask if i % 2 else None)))
    single = np.concatenate([shipped.encode([one]) for one in prepared])
    for size in (1, 2, 3, 7):
        found = np.concatenate([encoder.encode(prepared[i : i + size]) for i in range(0, 7, size)])
        assert (found == single).all(), f"bit for bit, {size} at a time"


def test_empty_batch(tmp_path: Path) -> None:
    encoder = load_encoder(tiny_encoder(tmp_path))
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_fingerprint_names_what_makes_the_vectors(tmp_path: Path) -> None:
    a, b, c = (read_spec(tiny_encoder(tmp_path / name, seed=seed)) for name, seed in [("a", 0), ("b", 0), ("c", 1)])
    assert fingerprint(a) == fingerprint(b) != fingerprint(c)
    assert isinstance(a, EncoderSpec)
    reweighted = a.model_copy(update={"blocks": tuple(x.model_copy(update={"weight": 9.0}) for x in a.blocks)})
    assert fingerprint(reweighted) == fingerprint(a), "weights act on queries only"
    other_input = a.model_copy(update={"input": a.input.model_copy(update={"width": 64})})
    assert fingerprint(other_input) != fingerprint(a)


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "poem"}, "poem"),
        ({"surprise": 1}, "surprise"),
        ({"files": {}}, "no checksum"),
        ({"blocks": []}, "blocks"),
        ({"input": {"width": -1, "height": 32}}, "width"),
    ],
)
def test_bad_specs_name_the_field(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = tiny_encoder(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**spec, **change}))
    with pytest.raises(BundleDamaged, match=message) as caught:
        load_encoder(folder)
    assert "bundle.json" in caught.value.where


def test_specs_that_are_no_json(tmp_path: Path) -> None:
    for content in (b"{", b"\xff\xfe\x00", b"[]"):
        (tmp_path / "bundle.json").write_bytes(content)
        with pytest.raises(BundleDamaged):
            load_encoder(tmp_path)


def test_a_bundle_cannot_name_files_outside_itself(tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path / "in")
    spec = json.loads((folder / "bundle.json").read_text())
    spec["files"]["../secret"] = "0" * 64
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match="leaves the bundle"):
        load_encoder(folder)


def test_a_network_that_is_none(tmp_path: Path) -> None:
    from streetshop.models.folder import file_sha256

    folder = tiny_encoder(tmp_path)
    (folder / "model.onnx").write_bytes(b"not a network")
    spec = json.loads((folder / "bundle.json").read_text())
    spec["files"]["model.onnx"] = file_sha256(folder / "model.onnx")
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleError, match="onnxruntime cannot load it"):
        load_encoder(folder)


def test_a_reader_is_no_encoder(tmp_path: Path) -> None:
    folder = tiny_encoder(tmp_path)
    reader = {
        "kind": "reader",
        "format": 1,
        "name": "r",
        "version": "1",
        "input": {"width": 32, "height": 32},
        "classes": ["background", "top"],
        "garments": ["top"],
        "files": {"model.onnx": "0" * 64},
    }
    (folder / "bundle.json").write_text(json.dumps(reader))
    with pytest.raises(BundleError, match="not an encoder"):
        load_encoder(folder)
