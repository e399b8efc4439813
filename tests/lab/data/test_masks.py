"""Tests of ``lab.data.masks``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import savemat

from streetshop.core.errors import ManifestError
from streetshop.lab.data.masks import decode_rle, encode_rle, load_mask, polygons_to_mask

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks)
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    ours = json.loads(encode_rle(mask))
    theirs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert ours == {"size": list(mask.shape), "counts": theirs["counts"].decode()}
    np.testing.assert_array_equal(decode_rle(ours), mask)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_long_runs(runs: list[int]) -> None:
    total = sum(runs)
    if total == 0:
        return
    rle = {"size": [total, 1], "counts": runs}
    mask = decode_rle(rle)
    np.testing.assert_array_equal(decode_rle(json.loads(encode_rle(mask))), mask)
    np.testing.assert_array_equal(coco_mask.decode(json.loads(encode_rle(mask))).astype(bool), mask)


@pytest.mark.parametrize(
    "rle", [{"size": [2, 2], "counts": [3]}, {"counts": [4]}, {"size": [2, 2], "counts": "\x01\x02"}, {"size": 3}]
)
def test_malformed_run_lengths(rle: dict[str, object]) -> None:
    with pytest.raises(ManifestError):
        decode_rle(rle)


def test_polygons_are_within_a_pixel_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        radii = rng.uniform(15, 45, 7)
        points = np.stack([50 + radii * np.cos(angles), 60 + radii * np.sin(angles)], axis=1).ravel().tolist()
        ours = polygons_to_mask([points, [1, 2, 3, 4]], 100, 120)
        theirs = coco_mask.decode(coco_mask.frPyObjects([points], 120, 100))[..., 0].astype(bool)
        edge = np.count_nonzero(theirs ^ np.pad(theirs, 1)[2:, 2:]) + 1
        assert np.count_nonzero(ours ^ theirs) <= edge
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.95


def test_each_way_of_writing_a_mask(tmp_path: Path) -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[3:9, 4:12] = 7
    labels[10:15, 4:12] = 2
    Image.fromarray(labels).save(tmp_path / "l.png")
    savemat(tmp_path / "l.mat", {"groundtruth": labels})
    expected = labels == 7
    box = [[4, 3, 12, 3, 12, 9, 4, 9]]
    for text in ("l.png#7", "l.mat#7", encode_rle(expected), json.dumps(box)):
        found = load_mask(text, tmp_path, 30, 20)
        assert found.shape == (20, 30)
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(load_mask("l.png", tmp_path, 30, 20), labels > 0)
    for text in ("none.png", "l.png#x7", "{", encode_rle(expected.T)):
        with pytest.raises(ManifestError):
            load_mask(text, tmp_path, 30, 20)
