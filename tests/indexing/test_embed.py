"""Pictures to a file of vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import UsageError
from streetshop.core.photo import read_picture_bytes
from streetshop.feeds.refused import Refusal
from streetshop.indexing.embed import default_scaling, embed_pictures, find_pictures
from streetshop.indexing.shots import ShotReader
from streetshop.models import Encoder
from tests.catalog.shop import draw_picture


def test_pictures_are_found_below_folders(tmp_path: Path) -> None:
    named = draw_picture(tmp_path / "z.png", 1)
    below = [draw_picture(tmp_path / "folder" / name, i) for i, name in enumerate(("a.png", "b/c.PNG"))]
    (tmp_path / "folder" / "notes.txt").touch()
    assert find_pictures([named, tmp_path / "folder"]) == [named, *below]


def test_the_dot_product_of_scaled_vectors_is_the_weighted_mean_of_cosines(encoder: Encoder) -> None:
    weights = {block.name: float(i + 1) for i, block in enumerate(encoder.blocks)}
    scaling = default_scaling(encoder.blocks, weights)
    one, other = (_unit_blocks(encoder, seed) for seed in (1, 2))
    start, total = 0, 0.0
    for block in encoder.blocks:
        part = slice(start, start + block.dim)
        total += weights[block.name] * float(one[part] @ other[part])
        start += block.dim
    mean = total / sum(weights.values())
    assert float((one * scaling) @ (other * scaling)) == pytest.approx(mean, abs=1e-6)


def test_vectors_are_those_of_indexing_and_bad_pictures_are_reported(tmp_path: Path, encoder: Encoder) -> None:
    pictures = [draw_picture(tmp_path / f"{i:02}.png", i) for i in range(19)]
    pictures.insert(5, tmp_path / "missing.png")
    seen: list[Refusal] = []
    steps: list[tuple[int, int]] = []
    report = embed_pictures(
        pictures,
        tmp_path / "out.parquet",
        raw=True,
        encoder=encoder.folder,
        reader="none",
        refuse=seen.append,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert (report.vectors, report.dim) == (19, encoder.dim)
    assert [(r.row, r.image) for r in report.refused] == [(6, str(pictures[5]))]
    assert seen == report.refused
    assert steps == [(8, 20), (16, 20), (20, 20)]
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column("path").to_pylist() == [str(p) for p in pictures if p.exists()]
    shots = ShotReader(encoder, thumbnails=False)
    one = encoder.encode([shots.prepare(read_picture_bytes(pictures[0]), "", "").prepared])[0]
    np.testing.assert_allclose(table.column("vector")[0].as_py(), one, atol=1e-6)
    assert not list(tmp_path.glob(".out*"))


def test_raw_leaves_no_room_for_weights(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--raw"):
        embed_pictures([], tmp_path / "out.parquet", raw=True, weights={"style": 2.0})


def _unit_blocks(encoder: Encoder, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal(block.dim).astype(np.float32) for block in encoder.blocks]
    return np.concatenate([part / np.linalg.norm(part) for part in parts])
