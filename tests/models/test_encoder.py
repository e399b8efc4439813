"""Encoders: pictures to vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import BundleError
from streetshop.core.records import GarmentPicture
from streetshop.models import Encoder, load_encoder
from tests.models.tiny import tiny_encoder, two_streams


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
    for side in ("street", "shop"):
        found = encoder.encode([], side=side)
        assert (found.shape, found.dtype) == ((0, encoder.dim), np.float32)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_vectors_come_in_the_order_of_their_pictures(threads: int, tmp_path: Path) -> None:
    encoder = load_encoder(tiny_encoder(tmp_path), threads=threads)
    prepared = [encoder.prepare(picture) for picture in pictures(11)]
    vectors = encoder.encode(prepared)
    assert len(np.unique(vectors, axis=0)) == 11
    order = np.random.default_rng(1).permutation(11)
    assert (encoder.encode([prepared[i] for i in order]) == vectors[order]).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_shop_stream_encodes_shop_pictures_one_by_one_and_in_batches(threads: int, tmp_path: Path) -> None:
    both = load_encoder(two_streams(tmp_path / "both"), threads=threads)
    alone = {
        "street": load_encoder(tiny_encoder(tmp_path / "street", seed=0), threads=1),
        "shop": load_encoder(tiny_encoder(tmp_path / "shop", seed=1), threads=1),
    }
    prepared = [both.prepare(picture) for picture in pictures(6)]
    assert (both.encode(prepared, side="street") != both.encode(prepared, side="shop")).any(axis=1).all()
    for side, encoder in alone.items():
        expected = np.concatenate([encoder.encode([one]) for one in prepared])
        for size in (1, 2, 4, 6):
            found = [both.encode(prepared[i : i + size], side=side) for i in range(0, 6, size)]
            assert (np.concatenate(found) == expected).all(), f"{side}, {size} at a time"


def test_without_a_shop_stream_both_sides_are_one(tmp_path: Path) -> None:
    encoder = load_encoder(tiny_encoder(tmp_path), threads=2)
    prepared = [encoder.prepare(picture) for picture in pictures(5)]
    assert (encoder.encode(prepared, side="shop") == encoder.encode(prepared)).all()


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
